/** Draws a certificate: its holder, issuer and last day, and the fingerprint, which people can compare. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { cleanName, holderText, readableName } from "../../wasm_build/ui/shown_names.js";
import { day, translate } from "../texts/texts.js";

/**
 * @param {CertificateInfo} info
 * @param {{id?: string, notes?: Node[]}} [options]
 */
export function describeCertificate(info, { id, notes = [] } = {}) {
  const name = html(id ? "label" : "div", { class: "name", text: holderText(info), dir: "auto", ...(id ? { for: id } : {}) });
  return html(
    "div",
    { class: "who" },
    name,
    html("div", { class: "muted", text: translate("certificate_subject", { subject: isolate(cleanName(info.name)), issuer: isolate(readableName(info.issuer)) }) }),
    html("div", { class: "muted", text: translate("valid_until", { date: day(info.notAfter) }) }),
    ...notes,
    html("details", { class: "muted" }, html("summary", { text: translate("fingerprint") }),
      html("span", { class: "fingerprint", text: info.fingerprint })),
  );
}
