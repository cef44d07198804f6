/** The offer to confirm to the sender, with a signed receipt, that the person has the parcel. Nothing is sent before the person presses the button. */

import { html, problem } from "../ui/dom.js";
import { isolate } from "../ui/formats.js";

/**
 * @param {import("./parcel_host.js").ParcelHost} page
 * @param {import("./parcel_reader.js").ParcelReader} reader
 * @param {{sender: string, signal: AbortSignal}} options `sender` is proved by the manifest
 */
export function createReceiptOffer(page, reader, { sender, signal }) {
  const { translate } = page;
  const from = isolate(sender);
  const failure = problem("receipt-error");
  const button = html("button", {
    type: "button", text: translate("parcel_confirm"), data: { test: "confirm-parcel" }, on: { click: () => confirm() },
  });
  const element = html(
    "section", { class: "stack parcel-receipt", data: { test: "receipt-offer" } },
    html("h2", { text: translate("parcel_confirm_title") }), html("p", { text: translate("parcel_confirm_meaning", { from }) }),
    failure, html("div", { class: "actions" }, button),
  );

  const confirm = () => page.attempt(button, translate("parcel_confirming"), failure, async () => {
    await reader.confirm(signal);
    const sentence = translate("parcel_confirmed", { from });
    element.replaceChildren(html("p", { class: "note", text: sentence, tabindex: -1, data: { test: "confirmed" } }));
    /** @type {HTMLElement} */ (element.firstElementChild).focus();
    page.announce(sentence);
  });
  return element;
}
