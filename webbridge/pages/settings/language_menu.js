/** The menu of the languages, in the view to sign in and in the view of the account. */

import { html, problem } from "../../../wasm_build/ui/dom.js";
import { actIcon } from "../app/act_icons.js";
import { LANGUAGES } from "../../../wasm_build/ui/languages.js";

/** @typedef {import("../app/language.js").PageTexts} PageTexts */
/** @typedef {import("../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: PageTexts, sentenceFor: SentenceFor}} LanguageServices */

const ID = "language-menu";

/**
 * @param {LanguageServices} services
 * @param {(language: string) => Promise<void>} onChoice shows the pages in this language
 */
export function createLanguageMenu(services, onChoice) {
  const { translate } = services;
  const failure = problem("language-error");
  const choose = async () => {
    failure.textContent = "";
    try {
      await onChoice(menu.value);
      // The view was drawn again, and with it this menu.
      document.getElementById(ID)?.focus();
    } catch (error) {
      menu.value = translate.language;
      failure.textContent = services.sentenceFor(error);
    }
  };
  const menu = html(
    "select", { id: ID, data: { test: "language" }, on: { change: choose } },
    // Without a direction of its own, an Arabic name would be reversed in an English menu.
    ...Object.entries(LANGUAGES).map(([lang, text]) => html("option", { value: lang, lang, dir: "auto", text })),
  );
  menu.value = translate.language;
  return html(
    "div", { class: "language-menu" }, html("label", { for: ID }, actIcon("language"), translate("language")), menu, failure,
  );
}
