/** The dialogs about one certificate. For a recipient they also show its state, its path, and where it was found. */

import { createCertificateRows } from "../../../wasm_build/ui/certificate_rows.js";
import { html, openReading, sentenceNodes } from "../../../wasm_build/ui/dom.js";
import { createPathTree } from "../../../wasm_build/ui/path_tree.js";
import { recipientState, sourceWords } from "../../../wasm_build/ui/recipient_words.js";
import { readinessMark } from "../../../wasm_build/ui/state_mark.js";
import { dayOnly } from "../../../wasm_build/ui/formats.js";
import { recipientInFull } from "../../../wasm_build/ui/verdict_words.js";
import { createFacts } from "../../../wasm_build/ui/facts.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {{translate: Catalogue, mailVault: MailVault}} CertificateServices */
/** @typedef {import("../../../wasm_build/ui/recipient_words.js").RecipientCheck} RecipientCheck */

/**
 * @param {CertificateServices} services
 * @param {ArrayBuffer} certificate
 */
export async function showCertificate({ translate, mailVault }, certificate) {
  const page = await mailVault.certificatePage(certificate);
  openReading(translate, translate("certificate_title", { name: page.title }), [createCertificateRows(translate, page)]);
}

/**
 * @param {CertificateServices} services
 * @param {string} address
 * @param {RecipientCheck} check
 */
export async function showRecipient({ translate, mailVault }, address, check) {
  const page = await mailVault.certificatePage(check.certificate);
  const { kind, word } = recipientState(translate, check, dayOnly);
  const remarks = [...check.reasons, ...check.warnings];
  openReading(translate, translate("certificate_of", { address }), [
    html("p", { class: "with-mark" }, readinessMark(kind, ""), html("strong", { text: word })),
    remarks.length > 0 ? html("ul", { class: "reasons" }, ...remarks.map((remark) => html("li", {}, ...sentenceNodes(recipientInFull(translate, remark, dayOnly))))) : null,
    createPathTree(translate, check.tree, {
      find: (certificate) => [check, ...check.path].find(({ fingerprint }) => fingerprint === certificate) ?? null,
      day: dayOnly,
      trail: check.trail,
    }),
    createFacts([[translate("certificate_where"), sourceWords(translate, check)]]),
    createCertificateRows(translate, page),
  ]);
}
