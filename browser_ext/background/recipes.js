/**
 * Recipes: what the person has taught the extension about webmails, one for each origin. A recipe is data for the
 * content scripts of its own origin, and no other page gets or changes it. As a file it is strict JSON:
 *
 *     {"version": 1, "origin": "https://mail.example.org", "source": {"selector": "", "template": "/raw/{part.path.1.0}"}}
 */
import { RequestError } from "../shared/messages.js";
import * as database from "../shared/database.js";
import { senderOrigin } from "./ancestors.js";

const VERSION = 1;
const MAX_SELECTOR_CHARACTERS = 500;
const MAX_TEMPLATE_CHARACTERS = 2000;
const MAX_FILE_BYTES = 16_384;

/** The recipe of the asking page's origin. @param {{}} _ @param {Sender} sender @returns {Promise<{source: Recipe["source"] | null}>} */
export async function read(_, sender) {
  return { source: (await database.get("recipes", senderOrigin(sender)))?.source ?? null };
}

/** Keeps what the person has taught in a page. @param {BodyOf<"recipe.keep">} body @param {Sender} sender */
export async function keep({ selector, template }, sender) {
  await database.put("recipes", check({ version: VERSION, origin: senderOrigin(sender), source: { selector, template } }));
}

/** The recipe in a file. Rejects with `bad-recipe`. @param {{bytes: ArrayBuffer}} body @returns {Promise<Recipe>} */
export async function review({ bytes }) {
  if (bytes.byteLength > MAX_FILE_BYTES) throw new RequestError("bad-recipe");
  try {
    return check(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    throw new RequestError("bad-recipe");
  }
}

/** Keeps the recipe in a file, in the place of an older one for its origin. @param {{bytes: ArrayBuffer}} body */
export async function importFile(body) {
  await database.put("recipes", await review(body));
}

/** Throws `bad-recipe` unless the value is a recipe and nothing else. @param {any} value @returns {Recipe} */
function check(value) {
  const { version, origin, source } = value;
  const { selector, template } = source;
  const isWhole = hasOnly(value, "version", "origin", "source") && hasOnly(source, "selector", "template");
  const isText = [origin, selector, template].every((one) => typeof one === "string");
  if (version !== VERSION || !isWhole || !isText || !isOrigin(origin)) throw new RequestError("bad-recipe");
  const isTemplate = template === "" || /^\/(?![/\\])/u.test(template);
  const isShort = selector.length <= MAX_SELECTOR_CHARACTERS && template.length <= MAX_TEMPLATE_CHARACTERS;
  if (!isTemplate || !isShort || !(selector || template)) throw new RequestError("bad-recipe");
  return { version, origin, source: { selector, template } };
}

/** @param {object} value @param {...string} names */
function hasOnly(value, ...names) {
  return Object.keys(value).sort().join() === names.sort().join();
}

/** @param {string} text */
function isOrigin(text) {
  return /^https?:/u.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
