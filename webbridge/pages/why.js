/** Behind "Why?": the sentence of the verdict on each signer, and the path from where trust begins down to them. */

import { html } from "./runtime/ui/dom.js";
import { createPathTree } from "./runtime/ui/path_tree.js";
import { dayOnly } from "./formats.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("./report_details.js").SignerReport} SignerReport */

/**
 * Null where nobody has signed the whole.
 * @param {App} app
 * @param {OpenedMessage} opened
 */
export function createWhy(app, opened) {
  const { report } = opened;
  const signers = report.signers.filter(({ layer }) => report.layers[layer]?.coversWhole);
  if (signers.length === 0) return null;
  return html(
    "details",
    { class: "details", data: { test: "why" } },
    html("summary", { text: app.translate("why") }),
    ...signers.map((signer) => createSigner(app, opened, signer)),
  );
}

/**
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {SignerReport} signer
 */
function createSigner({ translate }, { report }, signer) {
  const tree = createPathTree(translate, signer.tree, {
    find: (wanted) => report.certificates.find(({ fingerprint }) => fingerprint === wanted) ?? null,
    day: dayOnly,
  });
  return html("section", { class: "why stack" }, html("p", { dir: "auto", text: signer.sentence }), tree);
}
