/** Texts: the extension's own from `_locales`, the shared ones (states, errors) from the runtime's catalogue. */
import { errorSentence, loadCatalogue } from "../../wasm_build/ui/catalogue.js";
import { api } from "./api.js";
import { codeOf } from "./messages.js";

const DEFAULT_LANGUAGE = "en";

/** @type {import("../../wasm_build/ui/catalogue.js").Catalogue | null} */
let catalogue = null;

/**
 * Loads the shared texts, before a page shows anything. Returns the function that looks them up, for the runtime's
 * components.
 */
export async function loadSharedText() {
  // English is the fallback: a text that a language lacks is shown in English and not as an error.
  const names = new Set([DEFAULT_LANGUAGE, text("languageTag")]);
  const urls = [...names].map((name) => new URL(api.runtime.getURL(`runtime/ui/messages.${name}.json`)));
  catalogue ??= await loadCatalogue(locale(), urls);
  return catalogue;
}

/**
 * @param {string} key @param {...(string | number)} values numbers are written for the person's locale
 * @returns {string}
 */
export function text(key, ...values) {
  const numbers = values.some((value) => typeof value === "number") ? new Intl.NumberFormat(locale()) : null;
  const found = api.i18n.getMessage(key, values.map((value) => typeof value === "number" ? numbers?.format(value) ?? "" : value));
  // A missing key is our mistake. It throws, so that a test finds it.
  if (!found) throw new Error(`the catalogue has no message ${key}`);
  return found;
}

/**
 * The sentences for an error: from the extension's texts, else from the shared ones, else from the core.
 * @param {unknown} error
 * @returns {string}
 */
export function errorText(error) {
  const own = api.i18n.getMessage(`error_${codeOf(error).replaceAll("-", "_")}`);
  if (own) return own;
  if (!catalogue) throw new Error("the shared texts are not loaded");
  return errorSentence(catalogue, error);
}

/**
 * The locale of dates, numbers and lists: the browser's if the texts are in its language, else that of the texts.
 * @returns {string} BCP 47
 */
export function locale() {
  const [browser, texts] = [api.i18n.getUILanguage(), text("languageTag")];
  return browser.split("-")[0] === texts ? browser : texts;
}

/** @param {string} iso @returns {string} the day, as the person's locale writes it */
export function day(iso) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(iso));
}

/** Fills every `data-text` element of a page and sets its language and direction. */
export function translatePage() {
  document.documentElement.lang = locale();
  document.documentElement.dir = text("languageDirection");
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(element.getAttribute("data-text") ?? "");
  }
}
