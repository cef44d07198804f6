/** The texts of the extension, which the browser reads from `_locales`. Some are shared with the bridge's pages. */
import { createCatalogue, errorSentence } from "../../wasm_build/ui/catalogue.js";
import { withDigitsOfTexts } from "../../wasm_build/ui/formats.js";
import { isRightToLeft } from "../../wasm_build/ui/languages.js";

/** The WebExtension API under one name: Firefox calls it `browser`, Chromium `chrome`. */
const api = globalThis.browser ?? globalThis.chrome;

/** The function that looks texts up. If a language lacks a text, the browser gives the English text. */
export const translate = createCatalogue((key) => api.i18n.getMessage(key), locale);

/** The sentences for an error. @param {unknown} error @returns {string} */
export function errorText(error) {
  return errorSentence(translate, error);
}

/**
 * The locale of dates, numbers and lists: the browser's locale if the texts are in its language, otherwise the locale
 * of the texts.
 * @returns {string} BCP 47
 */
export function locale() {
  const [browser, texts] = [api.i18n.getUILanguage(), textLanguage()];
  return withDigitsOfTexts(browser.split("-")[0] === texts ? browser : texts);
}

/** The language of the texts. @returns {string} BCP 47 */
export function textLanguage() {
  return api.i18n.getMessage("language_tag");
}

/** The direction of writing of the texts. */
export function direction() {
  return isRightToLeft(textLanguage()) ? "rtl" : "ltr";
}

/** @param {string} iso @returns {string} the day, as the person's locale writes it */
export function day(iso) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(iso));
}

/** Fills every `data-text` element of a page and sets its language and direction. */
export function translatePage() {
  document.documentElement.lang = locale();
  document.documentElement.dir = direction();
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = translate(element.getAttribute("data-text") ?? "");
  }
}
