/** The view after an error of the whole parcel. It says what has happened, and what helps. */

import { html } from "../ui/dom.js";
import { codeOf, remedyFor } from "./failures.js";
import { createComplaint } from "./complaint_dialog.js";

/**
 * @param {import("./parcel_host.js").ParcelHost} page
 * @param {unknown} error
 * @returns {import("./parcel_host.js").ParcelView}
 */
export function createFailureView(page, error) {
  const { translate } = page;
  const heading = html("h1", { tabindex: -1, text: translate("parcel_failed_title") });
  const again = remedyFor(error) === "sender" ? null : html("button", {
    class: "primary", type: "button", text: translate("try_again"), data: { test: "try-again" }, on: { click: () => page.startAgain() },
  });
  const element = html(
    "div", { class: "narrow stack" }, heading,
    html("p", { class: "problem", text: page.sentenceFor(error), data: { test: "parcel-error", code: codeOf(error) } }),
    html("div", { class: "actions" }, again, createComplaint(page)),
  );
  return { element, heading, titleKey: "parcel_failed_title", renew: () => createFailureView(page, error) };
}
