/**
 * The language of the pages: the person's choice, otherwise the first of the browser's languages in which the pages have
 * texts. The language can change while the pages stay open.
 */

import { createCatalogue, fetchTexts } from "../../../wasm_build/ui/catalogue.js";
import { localeOf } from "../../../wasm_build/ui/formats.js";
import { isRightToLeft, LANGUAGES } from "../../../wasm_build/ui/languages.js";
import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { keepChoice, keptChoices } from "./kept_choice.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {(language: string) => Promise<boolean>} Use */
/** @typedef {Catalogue & {language: string, use: Use}} PageTexts `use` changes the language of all later
 *   texts. Resolves with false if a later call of `use` has replaced this one meanwhile */

/** The language if the pages have none of the browser's languages. */
const FIRST_LANGUAGE = "en";
const NAME = "sealwax-language";

/**
 * Loads the texts in the language of the page, and sets the language and direction of the document.
 * @param {Record<string, string>} [integrity] the hash of each file, where the extension has checked them
 * @returns {Promise<PageTexts>}
 */
export async function loadTexts(integrity) {
  let language = pageLanguage();
  let texts = await fetchAll(language, integrity);
  // The last call of `use` decides, even if its texts come before those of an earlier call.
  let lastLanguage = language;

  /** @type {Use} */
  const use = async (next) => {
    lastLanguage = next;
    const fetched = await fetchAll(next, integrity);
    if (lastLanguage !== next) return false;
    [language, texts] = [next, fetched];
    writeIn(language);
    return true;
  };
  writeIn(language);
  const catalogue = createCatalogue((key) => texts.get(key), () => localeOf(language));
  return /** @type {PageTexts} */ (Object.defineProperties(catalogue, { use: { value: use }, language: { get: () => language } }));
}

/** The language of the pages, also when no catalogue could be loaded. */
export function pageLanguage() {
  return keptChoices(NAME).find((language) => Object.hasOwn(LANGUAGES, language)) ?? browserLanguage();
}

/**
 * Keeps the choice of a language. If this is the browser's language anyway, nothing is kept, so that the pages continue to
 * follow the browser.
 * @param {string} language
 * @param {boolean} isOwnComputer on another computer only this tab keeps the choice
 */
export function keepLanguage(language, isOwnComputer) {
  keepChoice(NAME, language === browserLanguage() ? null : language, isOwnComputer);
}

function browserLanguage() {
  const languages = navigator.languages.map((tag) => tag.split("-")[0] ?? "");
  return languages.find((language) => Object.hasOwn(LANGUAGES, language)) ?? FIRST_LANGUAGE;
}

/** @param {string} language */
function writeIn(language) {
  document.documentElement.lang = language;
  document.documentElement.dir = isRightToLeft(language) ? "rtl" : "ltr";
}

/** @param {string} language @param {Record<string, string>} [integrity] */
async function fetchAll(language, integrity) {
  // The build refuses a language that lacks a text. So the texts of another language are never needed.
  const paths = [`runtime/ui/messages.${language}.json`, `messages.${language}.json`];
  try {
    return await fetchTexts(paths.map((path) =>
      new Request(new URL(`./${path}`, import.meta.url), { integrity: integrity?.[path] })));
  } catch (error) {
    throw new ApiError("unreachable", String(error));
  }
}
