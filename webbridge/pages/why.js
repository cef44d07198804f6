/** Behind "Why?": the sentence of the verdict on each signer, and the path from where trust begins down to them. */

import { openAcceptDialog } from "./runtime/ui/accept_dialog.js";
import { html, sentenceNodes } from "./runtime/ui/dom.js";
import { createPathTree } from "./runtime/ui/path_tree.js";
import { verdictSentence } from "./runtime/ui/verdict_words.js";
import { showCertificate } from "./certificate_dialog.js";
import { dayOnly } from "./runtime/ui/formats.js";
import { problem, whileBusy } from "./runtime/ui/parts.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("./report_details.js").SignerReport} SignerReport */
/** @typedef {import("./runtime/ui/path_tree.js").TreeNode} TreeNode */

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
function createSigner(app, opened, signer) {
  const find = (/** @type {string} */ wanted) =>
    opened.report.certificates.find(({ fingerprint }) => fingerprint === wanted) ?? null;
  const reachesNobody = signer.reasons.some(({ code }) => code === "untrusted-anchor");
  const action = (/** @type {TreeNode} */ { certificate: fingerprint }) => {
    const certificate = fingerprint === null ? null : find(fingerprint);
    return certificate && createActions(app, opened, certificate, { mayAccept: reachesNobody });
  };
  const tree = createPathTree(app.translate, signer.tree, { find, day: dayOnly, trail: signer.trail, action });
  const words = html("p", {}, ...sentenceNodes(verdictSentence(app.translate, signer, { find, day: dayOnly })));
  return html("section", { class: "why stack" }, words, tree, createLookFor(app, opened, signer));
}

/**
 * Looks for the authority that the message did not carry, where its certificate says where that is.
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {SignerReport} signer
 */
function createLookFor(app, opened, signer) {
  if (!signer.trail?.lookups.some(({ kind }) => kind === "issuer")) return null;
  const { translate, api, trust } = app;
  const last = signer.tree.find(({ certificate }) => certificate !== null)?.certificate;
  const octets = opened.certificates.find(({ fingerprint }) => fingerprint === last)?.certificate;
  if (!octets) return null;
  const failure = problem("issuer-problem");
  const look = html("button", { type: "button", text: translate("look_for_issuer"), data: { test: "look-for-issuer" } });
  look.addEventListener("click", () => whileBusy(look, translate("looking_up"), async () => {
    failure.textContent = "";
    try {
      const found = await api.findIssuers(octets);
      if (found.length > 0) trust.keepIssuers(found);
      else failure.textContent = translate("issuer_not_found");
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
    }
  }));
  const meaning = html("p", { class: "field-hint", text: translate("look_for_issuer_meaning") });
  return html("div", { class: "stack" }, meaning, html("div", { class: "actions" }, look), failure);
}

/**
 * @param {App} app
 * @param {OpenedMessage} opened
 * @param {import("./report_details.js").CertificateReport} certificate
 * @param {{mayAccept: boolean}} options
 */
function createActions(app, opened, certificate, { mayAccept }) {
  const { translate, trust, mailVault } = app;
  const carried = new Map(opened.certificates.map((one) => [one.fingerprint, one.certificate]));
  const octets = carried.get(certificate.fingerprint);
  if (!octets) throw new Error("the report names a certificate that did not come along");
  const onAccept = async (/** @type {"exact" | "authority"} */ kind, /** @type {string[]} */ addresses) => {
    trust.keepDecisions(await mailVault.decide(octets, { kind, addresses, intermediates: [...carried.values()] }));
    app.announce(translate("accepted"));
  };
  const sentenceFor = (/** @type {unknown} */ error) => app.sentenceFor(error);
  const show = html("button", {
    type: "button", class: "quiet", text: translate("show_certificate"), data: { test: "show-certificate" },
    on: { click: () => void showCertificate(app, octets) },
  });
  const accept = mayAccept && html("button", {
    type: "button", text: translate(certificate.isCa ? "accept_authority_button" : "accept_exact_button"),
    data: { test: certificate.isCa ? "accept-authority" : "accept-exact" },
    on: { click: () => openAcceptDialog(translate, certificate, { day: dayOnly, onAccept, sentenceFor }) },
  });
  return html("div", { class: "path-actions" }, show, accept);
}
