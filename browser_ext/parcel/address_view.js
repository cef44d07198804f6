/** The view for the address in a parcel's notice: asks for the address, or shows the address of a clicked link. */
import { parseNoticeAddress } from "../../wasm_build/parcels/notice_address.js";
import { createForm, html, inputField, whileBusy } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";

/**
 * @param {import("./parcel_tab.js").ParcelTab} tab
 * @param {string} address the address of the notice, with which the view continues at once; "" if the person pastes it
 * @returns {import("../../wasm_build/parcels/parcel_host.js").ParcelView}
 */
export function createAddressView(tab, address) {
  const heading = html("h1", { tabindex: -1, text: translate("open_parcel") });
  const failure = html("p", { class: "problem", role: "alert", data: { test: "address-problem" } });
  const { element: field, input } = inputField(translate("parcel_address"), {
    type: "url", autocomplete: "off", spellcheck: "false", dir: "ltr", required: true, data: { test: "address" },
  }, { hint: translate("parcel_address_hint") });
  const go = html("button", { class: "primary", type: "submit", text: translate("continue"), data: { test: "address-go" } });
  const submit = () => whileBusy(go, translate("continue"), async () => {
    failure.textContent = "";
    const parsed = parseNoticeAddress(input.value);
    if (!parsed) {
      failure.textContent = translate("parcel_address_wrong");
      input.focus();
      return;
    }
    await tab.take(parsed);
  }, (error) => { failure.textContent = tab.sentenceFor(error); });
  const form = createForm({ class: "stack" }, submit, field, failure, html("div", { class: "actions" }, go));
  const element = html("div", { class: "stack" }, heading, html("p", { text: translate("parcel_own_code") }), form);
  if (address) {
    input.value = address;
    queueMicrotask(() => form.requestSubmit());
  }
  return { element, heading, focus: () => (address ? heading : input).focus(), close: () => { input.value = ""; } };
}
