/** The sentence above a reply to the mail of a service. It says why the reply has no recipient, and what helps. */

import { html } from "./dom.js";

/**
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {NonNullable<import("./answer.js").Answer["service"]>} service
 * @returns {HTMLElement}
 */
export function serviceNote(translate, service) {
  const key = service === "parcel-reply" ? "reply_to_parcel_reply" : "reply_to_service";
  return html("p", { class: "warning", text: translate(key), data: { test: "service-note" } });
}
