/** The settings and recipes from another device that the person has to accept or decline. */
import { disturb } from "../../wasm_build/ui/calm.js";
import { html } from "../../wasm_build/ui/dom.js";
import { createSettingOffer } from "../../wasm_build/ui/setting_offer.js";
import { digestOf } from "../shared/question.js";
import { ask } from "../shared/request.js";
import { settingWords } from "./backup_review.js";
import { describeRecipe } from "./recipes.js";

/** @typedef {ReplyTo<"offers.list">} Offers */

/** @param {import("./identities.js").Context} context @param {Offers} offers */
export function createOffers({ translate, refresh }, offers) {
  // The page ignores a click right after a change, since it was meant for the earlier content.
  if (offers.length) disturb();
  return offers.map((offer) => {
    const { name, question } = offer;
    const shown = digestOf(question);
    const decide = (/** @type {"offer.accept" | "offer.decline"} */ type) => async () => {
      await ask(type, { name, shown: await shown }).catch((error) => { if (error.code !== "question-changed") throw error; });
      await refresh();
    };
    const what = "recipe" in offer ? describeRecipe(offer.recipe) : [html("div", { class: "name", text: settingWords(offer.setting, offer.value) })];
    return createSettingOffer(translate, {
      what: what.filter((part) => part !== false), isRecipe: "recipe" in offer,
      onAccept: decide("offer.accept"), onDecline: decide("offer.decline"),
    });
  });
}
