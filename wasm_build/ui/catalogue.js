/**
 * The texts that people read, by their keys. They are in the folder `sealwax/words`, each with a note for translators.
 *
 * A text names its values in braces, as in "Encrypted for {name}". A text that depends on a number has a form for each
 * plural category (CLDR). The value `count` chooses the form: `{count, plural, one {One reader} other {{count} readers}}`.
 */

import { isolate, technical } from "./formats.js";
import { isRightToLeft } from "./languages.js";

/** @typedef {Record<string, string>} Texts by their keys */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Translate */
/** @typedef {Translate & {has: (key: string) => boolean, readonly locale: string}} Catalogue */

const PLURAL = "{count, plural,";
const FORM = / ([a-z]+) \{((?:[^{}]|\{\w+\})*)\}/g;
const VALUE = /\{(\w+)\}/g;
/** The characters of a value that already keeps its own direction of writing. */
const ISOLATED = /[\u2066-\u2069]/u;

/** The number formats by locale, each made only once. @type {Map<string, Intl.NumberFormat>} */
const NUMBERS = new Map();

/**
 * Makes the function that looks up texts. The function throws for a missing key, so that tests find the mistake.
 * @param {(key: string) => string | undefined} find the text of a key, in the current language
 * @param {() => string} localeNow the locale of the texts, for numbers and plurals
 * @returns {Catalogue}
 */
export function createCatalogue(find, localeNow) {
  /** @type {Translate} */
  const translate = (key, values = {}) => {
    const text = find(key);
    if (!text) throw new Error(`the catalogue has no message ${key}`);
    const form = text.startsWith(PLURAL) ? pluralForm(text, Number(values.count ?? 0), localeNow()) : text;
    return form.replace(VALUE, (whole, name) => {
      const value = values[name];
      return value === undefined ? whole : writeValue(value, localeNow());
    });
  };
  return /** @type {Catalogue} */ (Object.defineProperties(translate, {
    has: { value: (/** @type {string} */ key) => Boolean(find(key)) },
    locale: { get: localeNow },
  }));
}

/**
 * Fetches files of texts. A text of a later file replaces the text with the same key in an earlier file.
 * @param {(URL | Request)[]} addresses
 * @returns {Promise<Map<string, string>>}
 */
export async function fetchTexts(addresses) {
  const files = await Promise.all(addresses.map(async (address) => /** @type {Texts} */ (await (await fetch(address)).json())));
  return new Map(files.flatMap((texts) => Object.entries(texts)));
}

/**
 * Fetches files of texts in one language. Resolves with the function that looks up their texts.
 * @param {string} locale
 * @param {(URL | Request)[]} addresses
 */
export async function loadCatalogue(locale, addresses) {
  const texts = await fetchTexts(addresses);
  return createCatalogue((key) => texts.get(key), () => locale);
}

/**
 * The sentences for an error of the core, the vault, the bridge or the key server. They say what has happened, what it means, and
 * what to do. For an unknown code they quote the error's text, which is written for people too. A server's text is marked as the
 * server's, because a server can write anything.
 * @param {Catalogue} translate
 * @param {unknown} error
 * @returns {string}
 */
export function errorSentence(translate, error) {
  const { code, message, status } = /** @type {{code?: unknown, message?: unknown, status?: unknown}} */ (error ?? {});
  const name = String(code ?? "").replaceAll("-", "_");
  // A problem with a certificate or a signature gets the same words as in a report.
  const key = [`error_${name}`, `recipient_reason_${name}`, `reason_${name}`].find(translate.has) ?? (Number(status ?? 0) > 0 ? "error_of_server" : "error_other");
  const text = technical(typeof message === "string" && message ? message : String(error));
  return translate(key, { text });
}

/** @param {string} text @param {number} count @param {string} locale */
function pluralForm(text, count, locale) {
  const forms = new Map(Array.from(text.matchAll(FORM), ([, category, form]) => [category, form]));
  return forms.get(new Intl.PluralRules(locale).select(count)) ?? forms.get("other") ?? "";
}

/**
 * A value in the form for a sentence. In a sentence from right to left, the points and brackets around an address, a name
 * or a version number would otherwise appear on the wrong side.
 * @param {string | number} value @param {string} locale
 */
function writeValue(value, locale) {
  if (typeof value === "number") return writeNumber(value, locale);
  return isRightToLeft(locale) && !ISOLATED.test(value) ? isolate(value) : value;
}

/** @param {number} value @param {string} locale */
function writeNumber(value, locale) {
  const numbers = NUMBERS.get(locale) ?? new Intl.NumberFormat(locale);
  NUMBERS.set(locale, numbers);
  return numbers.format(value);
}

/** A name of code as a part of a key. @param {string} name such as keyFiles @returns {string} such as key_files */
export function inSnakeCase(name) {
  return name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}
