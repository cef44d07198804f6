/**
 * The catalogue of messages: every string that people read is in a JSON file, with a note for the translator.
 *
 * An entry is `{"message": "Encrypted for {name}", "note": "..."}`. If the sentence depends on a number, `message` is
 * an object with a form for each plural category (`one`, `other`, ...), and the value `count` chooses the form. An
 * entry of a later file replaces the entry with the same key in an earlier file.
 */

import { technical } from "./formats.js";

/** @typedef {{message: string | Record<string, string>, note: string}} Entry */
/** @typedef {Record<string, Entry>} Entries */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Translate */
/** @typedef {Translate & {has: (key: string) => boolean, locale: string}} Catalogue */

/**
 * Makes the function that looks up messages in one language. It throws for a missing key, so that a test finds it.
 * @param {string} locale
 * @param {...Entries} sources
 * @returns {Catalogue}
 */
function createCatalogue(locale, ...sources) {
  const entries = new Map(sources.flatMap((source) => Object.entries(source)));
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);

  /** @type {Translate} */
  const translate = (key, values = {}) => {
    const entry = entries.get(key);
    if (!entry) throw new Error(`the catalogue has no message ${key}`);
    const pattern = typeof entry.message === "string" ? entry.message : pluralForm(entry.message, values.count, plurals);
    return pattern.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
  return Object.assign(translate, { has: (/** @type {string} */ key) => entries.has(key), locale });
}

/**
 * Fetches the catalogue files. Resolves with the function that looks up their messages.
 * @param {string} locale
 * @param {(URL | Request)[]} urls
 */
export async function loadCatalogue(locale, urls) {
  const sources = await Promise.all(urls.map(async (url) => (await fetch(url)).json()));
  return createCatalogue(locale, ...sources);
}

/**
 * The sentences for an error of the core, the vault, the bridge or the key server. They tell what has happened, what it
 * means, and what to do. For an unknown code they quote the error's own text, which is written for people too. That of a server is
 * called so, because a server can write anything.
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

/**
 * @param {Record<string, string>} forms
 * @param {string | number | undefined} count
 * @param {Intl.PluralRules} plurals
 */
function pluralForm(forms, count, plurals) {
  return forms[plurals.select(Number(count ?? 0))] ?? forms.other ?? "";
}
