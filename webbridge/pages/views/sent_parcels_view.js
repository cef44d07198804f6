/** The view "Sent parcels". Its content is a script of its own, which is loaded when it is shown first, so that no start of the pages waits for it. */

import { openDialog } from "../../../wasm_build/ui/dialog.js";
import { html, uniqueId } from "../../../wasm_build/ui/dom.js";
import { ask, createForm, inputField, problem, whileBusy } from "../../../wasm_build/ui/parts.js";
import { SENT_PARCELS_INTEGRITY } from "../../../wasm_build/vault/owner/pinned.js";
import { sentParcelsUrl } from "../../../wasm_build/vault/owner/trusted_scripts.js";
import { ApiError } from "../api.js";
import { lateScript } from "../late_script.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../sent_parcels/parcels_sent.js").SentParcels} SentParcels */

const load = lateScript(sentParcelsUrl, SENT_PARCELS_INTEGRITY);
const PARTS = { ask, createForm, inputField, openDialog, problem, uniqueId, whileBusy };

/**
 * @param {App} app
 * @param {{maxDays: number}} limits those of the bridge
 * @returns {import("../app.js").View}
 */
export function createSentParcelsView(app, limits) {
  const { translate } = app;
  const heading = html("h1", { tabindex: -1, text: translate("sent_parcels_title") });
  const failure = problem("sent-parcels-load-error");
  const again = html("button", { type: "button", text: translate("try_again"), hidden: true, on: { click: () => void fill() } });
  const body = html("div", { class: "stack" });
  let close = () => {};
  let isClosed = false;

  const fill = async () => {
    failure.textContent = "";
    again.hidden = true;
    body.replaceChildren(html("p", { class: "note", text: translate("loading") }));
    try {
      await load();
    } catch (error) {
      body.replaceChildren();
      failure.textContent = app.sentenceFor(new ApiError("unreachable", String(error)));
      again.hidden = false;
      return;
    }
    if (isClosed) return;
    const { sealwaxSentParcels } = /** @type {{sealwaxSentParcels: SentParcels}} */ (/** @type {unknown} */ (globalThis));
    const content = sealwaxSentParcels.createContent({ app, parts: PARTS, limits });
    close = content.close;
    body.replaceChildren(content.element);
  };

  void fill();
  const back = html("a", { class: "button", href: `#${app.mailPath()}`, text: translate("to_the_mail") });
  const element = html(
    "div", { class: "narrow stack", data: { test: "sent-parcels-view" } },
    heading, html("p", { class: "lede", text: translate("sent_parcels_meaning") }), failure, again, body, html("div", { class: "actions" }, back),
  );
  return { element, heading, title: translate("sent_parcels_title"), close: () => { isClosed = true; close(); } };
}
