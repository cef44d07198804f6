/** The section "Why?" of a verdict, with a part for each signer of the whole message. */

import { html } from "../../../wasm_build/ui/dom.js";
import { createLongList } from "../../../wasm_build/ui/long_list.js";

/** The number of signers that are shown at first, because a signer takes many rows. */
const FIRST_SIGNERS = 5;

/** @typedef {import("../reading/report.js").Report} Report */
/** @typedef {import("../reading/report.js").SignerReport} SignerReport */

/**
 * The section as an element; null if nobody has signed the whole message.
 * @param {import("../../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {Report} report
 * @param {(signer: SignerReport) => HTMLElement} describe
 */
export function createSigners(translate, report, describe) {
  const signers = report.signers.filter(({ layer }) => report.layers[layer]?.coversWhole);
  if (signers.length === 0) return null;
  const rows = createLongList(html("div", { class: "stack" }), signers, describe, {
    more: (count) => translate("rows_more", { count }), first: FIRST_SIGNERS, rowsOfFrame: FIRST_SIGNERS,
  });
  return html("details", { class: "details", data: { test: "why" } }, html("summary", { text: translate("why") }), ...rows);
}
