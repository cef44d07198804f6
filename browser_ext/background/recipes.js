/**
 * Recipes: what the person has taught the extension about webmails, one for each origin. A recipe is data for the
 * content scripts of its own origin, and no other page gets or changes it.
 */
import { RequestError } from "../shared/messages.js";
import * as database from "../shared/database.js";
import { senderOrigin } from "./ancestors.js";

const VERSION = 1;
const MAX_SELECTOR_CHARACTERS = 500;
const MAX_TEMPLATE_CHARACTERS = 2000;

/** The recipe of the asking page's origin. @param {{}} _ @param {Sender} sender @returns {Promise<{source: Recipe["source"] | null}>} */
export async function read(_, sender) {
  return { source: (await database.get("recipes", senderOrigin(sender)))?.source ?? null };
}

/** Keeps what the person has taught in a page. @param {BodyOf<"recipe.keep">} body @param {Sender} sender */
export async function keep({ selector, template }, sender) {
  await database.put("recipes", check({ version: VERSION, origin: senderOrigin(sender), source: { selector, template } }));
}

/** Throws `bad-recipe` unless all values are of a recipe. @param {Recipe} recipe @returns {Recipe} */
function check({ version, origin, source: { selector, template } }) {
  const isTemplate = template === "" || /^\/(?![/\\])/u.test(template);
  const isShort = selector.length <= MAX_SELECTOR_CHARACTERS && template.length <= MAX_TEMPLATE_CHARACTERS;
  if (version !== VERSION || !isTemplate || !isShort || !(selector || template)) throw new RequestError("bad-recipe");
  return { version, origin, source: { selector, template } };
}
