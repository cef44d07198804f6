/** The switch for strict cleanup, and the question whether it is switched off here too, as on another device. */

import { html, switchField } from "../../../../wasm_build/ui/dom.js";
import { createSettingOffer } from "../../../../wasm_build/ui/setting_offer.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{
 *   translate: Catalogue, strict: import("../strict_setting.js").StrictSetting,
 *   roaming: import("../../trust/roaming_trust.js").RoamingTrust,
 * }} StrictServices
 */

/** @param {StrictServices} services */
export function createStrictSwitch(services) {
  const { element, input } = switchField(services.translate("strict"), "switch-strict", (checked) => services.strict.set(checked));
  input.checked = services.strict.isOn;
  const hint = html("p", { id: "strict-hint", class: "field-hint", text: services.translate("strict_hint") });
  input.setAttribute("aria-describedby", hint.id);
  const place = html("div", { class: "stack" });
  const drawOffer = () => {
    if (services.strict.isOfferedOff === (place.childElementCount > 0)) return;
    place.replaceChildren(...(services.strict.isOfferedOff ? [createUnstrictOffer(services, drawOffer)] : []));
  };
  drawOffer();
  services.roaming.addEventListener("change", drawOffer);
  return { element: html("div", { class: "stack" }, html("div", { class: "switch-field" }, element, hint), place),
    clear: () => services.roaming.removeEventListener("change", drawOffer) };
}

/** The question whether strict cleanup is switched off here too, as on another device. @param {StrictServices} services @param {() => void} draw */
function createUnstrictOffer(services, draw) {
  return createSettingOffer(services.translate, {
    what: [html("div", { class: "name", text: services.translate("offer_strict_off") })], isRecipe: false,
    onAccept: async () => services.strict.set(false),
    onDecline: async () => {
      services.strict.declineOff();
      draw();
    },
  });
}
