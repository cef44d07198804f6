/** Draws a certificate: its holder, issuer and last day, and the fingerprint for comparing. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { holderText } from "../../wasm_build/ui/shown_names.js";
import { day, text } from "./i18n.js";

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
    html("div", { class: "muted", text: text("certificateSubject", isolate(info.subject || holderText(info)), isolate(info.issuer)) }),
    html("div", { class: "muted", text: text("certificateUntil", day(info.notAfter)) }),
    ...notes,
    html("details", { class: "muted" }, html("summary", { text: text("fingerprint") }),
      html("span", { class: "fingerprint", text: info.fingerprint })),
  );
}
