/**
 * The recipes of webmails, one for each origin. The person has taught the extension where the webmail has the source of
 * a mail, and which form it has for mail. A recipe is data for the content scripts of its origin. Pages of other
 * origins can neither get nor change it. A recipe's file is strict JSON. A text is "" if the person has not taught it:
 *
 *     {
 *       "version": 1, "origin": "https://mail.example.org",
 *       "source": {"selector": "", "template": "/raw/{part.path.1.0}"},
 *       "form": {"to": "input[name=\"to\"]", "cc": "", "subject": "#subject", "text": "#body", "file": ""}
 *     }
 */
import { RequestError } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import { senderOrigin } from "../browser/ancestors.js";
import { learn } from "../people/learning.js";

const VERSION = 1;
const UNTAUGHT = {
  source: { selector: "", template: "" },
  form: { to: "", cc: "", subject: "", text: "", file: "" },
};
const MAX_SELECTOR_CHARACTERS = 500;
const MAX_TEMPLATE_CHARACTERS = 2000;
const MAX_FILE_BYTES = 16_384;

/** The recipe of the asking page's origin. @param {{}} _ @param {Sender} sender @returns {Promise<Pick<Recipe, "source" | "form">>} */
export async function find(_, sender) {
  const { source, form } = (await database.get("recipes", senderOrigin(sender))) ?? UNTAUGHT;
  return { source, form };
}

/** Stores how to find a mail's source. @param {BodyOf<"recipe.keep-source">} body @param {Sender} sender */
export async function keepSource({ selector, template }, sender) {
  await keep(sender, { source: { selector, template } });
}

/** Stores the fields of a webmail's form for writing. @param {BodyOf<"recipe.keep-form">} body @param {Sender} sender */
export async function keepForm({ to, cc, subject, text, file }, sender) {
  await keep(sender, { form: { to, cc, subject, text, file } });
}

/** @param {Sender} sender @param {Partial<Recipe>} taught */
async function keep(sender, taught) {
  await learn(async () => {
    const known = await find({}, sender);
    await database.put("recipes", check({ version: VERSION, origin: senderOrigin(sender), ...known, ...taught }));
  });
}

/** The recipe in a file. Rejects with `bad-recipe`. @param {{bytes: ArrayBuffer}} body @returns {Promise<Recipe>} */
export async function review({ bytes }) {
  if (bytes.byteLength > MAX_FILE_BYTES) throw new RequestError("bad-recipe");
  try {
    return read(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new RequestError("bad-recipe");
  }
}

/** The recipe in a text. Throws for another text. @param {string} text @returns {Recipe} */
export function read(text) {
  return check(JSON.parse(text));
}

/** Stores the recipe in a file. It replaces an older recipe for the same origin. @param {{bytes: ArrayBuffer}} body */
export async function importFile(body) {
  const recipe = await review(body);
  await learn(() => database.put("recipes", recipe));
}

/** @param {{id: string}} body an origin */
export function remove({ id }) {
  return learn(() => database.remove("recipes", id));
}

/** Throws `bad-recipe` unless the value is a recipe and nothing else. @param {any} value @returns {Recipe} */
function check(value) {
  const { version, origin, source, form } = value;
  const isWhole = hasOnly(value, ["version", "origin", ...Object.keys(UNTAUGHT)])
    && hasOnly(source, Object.keys(UNTAUGHT.source)) && hasOnly(form, Object.keys(UNTAUGHT.form));
  if (version !== VERSION || !isWhole) throw new RequestError("bad-recipe");
  const { template, ...sourceSelectors } = source;
  const selectors = [...Object.values(sourceSelectors), ...Object.values(form)];
  const isText = [origin, template, ...selectors].every((text) => typeof text === "string");
  if (!isText || !isOrigin(origin)) throw new RequestError("bad-recipe");
  const isTemplate = template === "" || /^\/(?![/\\])/u.test(template);
  const isShort = template.length <= MAX_TEMPLATE_CHARACTERS && selectors.every(({ length }) => length <= MAX_SELECTOR_CHARACTERS);
  const isTaught = Boolean(source.selector || template || form.text);
  if (!isTemplate || !isShort || !isTaught) throw new RequestError("bad-recipe");
  return value;
}

/** @param {object} value @param {string[]} names */
function hasOnly(value, names) {
  return JSON.stringify(Object.keys(value).sort()) === JSON.stringify(names.sort());
}

/** @param {string} text */
function isOrigin(text) {
  return /^https?:/u.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
