/** The full verdict on a signer: its sentence, and the path from the trust anchor down to the signer. */

import { html, sentenceNodes } from "./dom.js";
import { createPathTree } from "./path_tree.js";
import { verdictSentence } from "./verdict_words.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./path_tree.js").Dated & import("./verdict_words.js").Named & {fingerprint: string}} PathCertificate */

/**
 * @template {PathCertificate} C
 * @param {Catalogue} translate
 * @param {import("./verdict_words.js").Signer & {tree: import("./path_tree.js").TreeNode[]}} signer
 * @param {{
 *   certificates: C[], day: (iso: string) => string, action: (certificate: C, mayAccept: boolean) => HTMLElement | null,
 * }} options `action` makes a certificate's buttons; `mayAccept` is true if no trusted authority vouches for the signer
 */
export function describeSigner(translate, signer, { certificates, day, action }) {
  const find = (/** @type {string | null} */ certificate) => certificates.find(({ fingerprint }) => fingerprint === certificate) ?? null;
  const mayAccept = signer.reasons.some(({ code }) => code === "untrusted-anchor");
  const tree = createPathTree(translate, signer.tree, {
    find, day, trail: signer.trail,
    action: (node) => {
      const certificate = find(node.certificate);
      return certificate && action(certificate, mayAccept);
    },
  });
  return [html("p", {}, ...sentenceNodes(verdictSentence(translate, signer, { find, day }))), tree];
}

/** @param {Catalogue} translate @param {{isCa: boolean}} certificate @param {() => void} onClick */
export function createAcceptButton(translate, { isCa }, onClick) {
  const kind = isCa ? "authority" : "exact";
  return html("button", {
    type: "button", text: translate(`accept_${kind}_button`), data: { test: `accept-${kind}` }, on: { click: onClick },
  });
}
