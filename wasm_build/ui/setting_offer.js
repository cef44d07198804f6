/** The question whether to accept a weaker setting or recipe from another device, for pages and extension. */
import { html, uniqueId } from "./dom.js";

/**
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {{what: (Node | string)[], isRecipe: boolean, onAccept: () => Promise<void>, onDecline: () => Promise<void>}} offer `what`
 *   describes the value
 */
export function createSettingOffer(translate, { what, isRecipe, onAccept, onDecline }) {
  const id = uniqueId("offer");
  const button = (/** @type {string} */ label, /** @type {string} */ test, /** @type {() => Promise<void>} */ act, agrees = false) =>
    html("button", { type: "button", text: label, data: { test, ...(agrees ? { agrees: "" } : {}) }, on: { click: () => void act() } });
  return html("section", { class: "card stack", "aria-labelledby": id, data: { test: "setting-offer" } },
    html("h3", { id, text: translate(isRecipe ? "offer_recipe_title" : "offer_title") }),
    html("div", { class: "who" }, ...what),
    html("p", { text: translate(isRecipe ? "offer_recipe_meaning" : "offer_meaning") }),
    html("div", { class: "actions" }, button(translate("offer_accept"), "offer-accept", onAccept, true),
      button(translate("offer_decline"), "offer-decline", onDecline)));
}
