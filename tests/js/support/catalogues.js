/** The texts of people's languages, and the globals by which a page names its language. */
import { readFileSync } from "node:fs";

import { createCatalogue } from "../../../wasm_build/ui/catalogue.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

export const ROOT = new URL("../../../", import.meta.url);

/**
 * The texts of rooms by their names, as the build makes them: those of a later room replace those of an earlier one.
 * @param {string} language @param {...string} rooms
 * @returns {Record<string, string>}
 */
export function readTexts(language, ...rooms) {
  const texts = readWords(language);
  const whole = { ...texts, ...Object.fromEntries(Object.entries(readWords("same")).map(([key, of]) => [key, texts[of] ?? ""])) };
  return Object.fromEntries(rooms.flatMap((room) =>
    Object.entries(whole).filter(([key]) => key.startsWith(`${room}.`)).map(([key, text]) => [key.slice(room.length + 1), text])));
}

/** The function that looks up the words that pages and extension share. @param {string} language @returns {Catalogue} */
export function sharedWords(language = "en") {
  const texts = readTexts(language, "shared");
  return createCatalogue((key) => texts[key], () => language);
}

/** @param {string} name @returns {Record<string, string>} */
function readWords(name) {
  return JSON.parse(readFileSync(new URL(`sealwax/words/${name}.json`, ROOT), "utf8"));
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
