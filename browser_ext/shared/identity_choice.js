/** The choice of the identity that a person signs or decrypts with. */
import { html } from "../../wasm_build/ui/dom.js";
import { holderText, readableName } from "../../wasm_build/ui/shown_names.js";
import { translate } from "../texts/texts.js";

/**
 * @param {CertificateInfo[]} identities
 * @param {{label: string, chosen: string, onChange: (fingerprint: string) => void}} options
 */
export function createIdentityChoice(identities, { label, chosen, onChange }) {
  const options = identities.map((own) => html("option", {
    value: own.fingerprint, text: translate("identity_option", { address: holderText(own), issuer: readableName(own.issuer) }), selected: own.fingerprint === chosen,
  }));
  const select = html("select", { id: "identity", data: { test: "identity" }, on: { change: () => onChange(select.value) } }, ...options);
  return html("div", { class: "field" }, html("label", { for: "identity", text: label }), select);
}
