/** The facts of a certificate, as pairs of a label and a text. */

import { useWords } from "../../../wasm_build/ui/certificate_uses.js";
import { dayOnly } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../reading/report.js").CertificateReport} CertificateReport */

/**
 * @param {Catalogue} translate
 * @param {(CertificateReport & {purposes?: string[]}) | null} certificate
 * @returns {[string, string][]} without a certificate, no pairs
 */
export function certificateFacts(translate, certificate) {
  if (!certificate) return [];
  return [
    [translate("fact_subject"), certificate.subject],
    [translate("certificate_row_issuer"), certificate.issuer],
    [translate("valid"), `${dayOnly(certificate.notBefore)} – ${dayOnly(certificate.notAfter)}`],
    [translate("certificate_row_key"), certificate.key],
    [translate("fact_use"), useWords(translate, certificate).join(" · ")],
    [translate("fingerprint_sha256"), certificate.fingerprint],
  ];
}
