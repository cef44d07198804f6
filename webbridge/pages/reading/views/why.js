/**
 * The section "Why?". For each signer it has the sentence of the verdict, and the path from the trust anchor to the signer.
 */

import { openAcceptDialog } from "../../../../wasm_build/ui/accept_dialog.js";
import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { createAcceptButton, describeSigner } from "../../../../wasm_build/ui/signer_path.js";
import { showCertificate } from "../../trust/certificate_dialog.js";
import { dayOnly } from "../../../../wasm_build/ui/formats.js";
import { createSigners } from "../../trust/signers.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../trust/trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../trust/certificate_dialog.js").CertificateServices} CertificateServices */
/**
 * @typedef {{
 *   translate: Catalogue, api: BridgeApi, trust: TrustKeeper, attempt: Attempt, mailVault: MailVault,
 *   announce: Announce, sentenceFor: SentenceFor,
 * } & CertificateServices} WhyServices
 */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../report.js").SignerReport} SignerReport */

/**
 * The section as an element; null if nobody has signed the whole message.
 * @param {WhyServices} services
 * @param {OpenedMessage} opened
 */
export function createWhy(services, opened) {
  return createSigners(services.translate, opened.report, (signer) => createSigner(services, opened, signer));
}

/**
 * @param {WhyServices} services
 * @param {OpenedMessage} opened
 * @param {SignerReport} signer
 */
function createSigner(services, opened, signer) {
  const { certificates } = opened.report;
  return html("section", { class: "why stack" }, ...describeSigner(services.translate, signer, {
    certificates, day: dayOnly, action: (certificate, mayAccept) => createActions(services, opened, certificate, { mayAccept }),
  }), createLookFor(services, opened, signer));
}

/**
 * The button that fetches an authority's certificate that the message lacks. Null if no certificate has a URL for it.
 * @param {WhyServices} services
 * @param {OpenedMessage} opened
 * @param {SignerReport} signer
 */
function createLookFor(services, opened, signer) {
  if (!signer.trail?.lookups.some(({ kind }) => kind === "issuer")) return null;
  const { translate, api, trust } = services;
  const last = signer.tree.find(({ certificate }) => certificate !== null)?.certificate;
  const octets = opened.certificates.find(({ fingerprint }) => fingerprint === last)?.certificate;
  if (!octets) return null;
  const failure = problem("issuer-problem");
  const look = html("button", {
    type: "button", text: translate("look_for_issuer"), data: { test: "look-for-issuer" },
    on: { click: () => services.attempt(look, translate("looking_up"), failure, async () => {
      const issuers = await api.certificates.findIssuers(octets);
      if (issuers.length > 0) trust.keepIssuers(issuers);
      else failure.textContent = translate("issuer_not_found");
    }) },
  });
  return html(
    "div", { class: "stack" },
    html("p", { class: "field-hint", text: translate("look_for_issuer_meaning") }), html("div", { class: "actions" }, look), failure,
  );
}

/**
 * @param {WhyServices} services
 * @param {OpenedMessage} opened
 * @param {import("../report.js").CertificateReport} certificate
 * @param {{mayAccept: boolean}} options
 */
function createActions(services, opened, certificate, { mayAccept }) {
  const { translate, mailVault } = services;
  const carried = new Map(opened.certificates.map((entry) => [entry.fingerprint, entry.certificate]));
  const octets = carried.get(certificate.fingerprint);
  if (!octets) throw new Error("the report names a certificate that did not come along");
  const onAccept = async (/** @type {"exact" | "authority"} */ kind, /** @type {string[]} */ addresses) => {
    await mailVault.decide(octets, { kind, addresses, intermediates: [...carried.values()] });
    services.announce(translate("accepted"));
  };
  return html(
    "div", { class: "path-actions" },
    html("button", {
      type: "button", class: "quiet", text: translate("show_certificate"), data: { test: "show-certificate" },
      on: { click: () => void showCertificate(services, octets) },
    }),
    mayAccept && createAcceptButton(translate, certificate, () => openAcceptDialog(translate, certificate, {
      day: dayOnly, onAccept, sentenceFor: (error) => services.sentenceFor(error), author: authorOf(opened),
    })),
  );
}

/** The only address in From, which may be unproved; "" for none or several. @param {OpenedMessage} opened */
function authorOf({ report: { people: { from } } }) {
  return from.count === 1 ? from.mailboxes[0]?.address ?? "" : "";
}
