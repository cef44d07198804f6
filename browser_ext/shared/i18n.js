/** Texts: the extension's own from `_locales`, the shared ones (states, errors) from the runtime's catalogue. */
import { errorSentence, loadCatalogue } from "../runtime/ui/catalogue.js";
import { api } from "./api.js";

/** @type {import("../runtime/ui/catalogue.js").Catalogue | null} */
let catalogue = null;

/** The look-up of the shared texts, for the components of the runtime; each page loads it before it shows anything. */
export async function loadSharedText() {
  catalogue ??= await loadCatalogue("en", [new URL("../runtime/ui/messages.en.json", import.meta.url)]);
  return catalogue;
}

/** @param {string} key @param {...string} values @returns {string} */
export function text(key, ...values) {
  const found = api.i18n.getMessage(key, values);
  // A missing key is a fault of ours: it throws, so that a test finds it.
  if (!found) throw new Error(`the catalogue has no message ${key}`);
  return found;
}

/**
 * The sentences for an error: the extension's own, the shared ones, or what the core said.
 * @param {any} error
 * @returns {string}
 */
export function errorText(error) {
  const own = api.i18n.getMessage(`error_${String(error?.code ?? "").replaceAll("-", "_")}`);
  if (own) return own;
  if (!catalogue) throw new Error("the shared texts are not loaded");
  return errorSentence(catalogue, error);
}

/** @param {string} iso @returns {string} the day, as the person's locale writes it */
export function day(iso) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(new Date(iso));
}

/** Fills every `data-text` element of a page and sets its language and direction. */
export function translatePage() {
  document.documentElement.lang = api.i18n.getMessage("@@ui_locale").replace("_", "-");
  document.documentElement.dir = api.i18n.getMessage("@@bidi_dir");
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(element.getAttribute("data-text") ?? "");
  }
}
