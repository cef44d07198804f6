/** The catalogues of messages, as the pages load them, and the globals by which a page names its language. */
import { readFileSync } from "node:fs";

import { loadCatalogue } from "../../../wasm_build/ui/catalogue.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

export const ROOT = new URL("../../../", import.meta.url);

/**
 * The entries of one catalogue.
 * @param {string} path from the folder of the project
 * @returns {Record<string, {message: string | Record<string, string>, note?: string}>}
 */
export function readEntries(path) {
  return JSON.parse(readFileSync(new URL(path, ROOT), "utf8"));
}

/**
 * The words that pages and extension share, in one language.
 * @param {string} language
 */
export function sharedWords(language = "en") {
  return wordsOf(language, [`wasm_build/ui/messages.${language}.json`]);
}

/**
 * The words of the bridge's pages, in one language.
 * @param {string} language
 */
export function wordsOfPages(language = "en") {
  return wordsOf(language, [`wasm_build/ui/messages.${language}.json`, `webbridge/pages/messages.${language}.json`]);
}

/** @param {string} language @param {string[]} paths */
function wordsOf(language, paths) {
  // Node's fetch reads no files, but it reads data URLs.
  return loadCatalogue(language, paths.map((path) => new URL(`data:application/json,${encodeURIComponent(JSON.stringify(readEntries(path)))}`)));
}

/**
 * A catalogue that answers with the keys themselves, each with its values.
 * @type {Catalogue}
 */
export const KEYS = Object.assign(
  (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) => [key, ...Object.values(values)].join(" "),
  { has: () => true, locale: "en" },
);

/** Gives dates and numbers a language, which a page takes from its document and from the browser. */
export function speak(language = "en") {
  process.env.TZ = "UTC";
  const globals = { document: { documentElement: { lang: language } }, navigator: { language, languages: [language] } };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}
