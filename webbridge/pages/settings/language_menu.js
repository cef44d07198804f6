/** The menu of the languages, in the view to sign in and in the view of the account. */

import { html } from "../../../wasm_build/ui/dom.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { actIcon } from "../app/act_icons.js";
import { LANGUAGES } from "../../../wasm_build/ui/languages.js";

const ID = "language-menu";

/**
 * @param {Pick<import("../app/app.js").App, "translate" | "sentenceFor">} app
 * @param {(language: string) => Promise<void>} onChoice shows the pages in this language
 */
export function createLanguageMenu(app, onChoice) {
  const { translate } = app;
  const failure = problem("language-error");
  const menu = html("select", { id: ID, data: { test: "language" } }, ...Object.entries(LANGUAGES).map(([lang, text]) =>
    // Without its direction, an Arabic name would turn around in an English menu.
    html("option", { value: lang, lang, dir: "auto", text })));
  menu.value = translate.language;
  menu.addEventListener("change", async () => {
    failure.textContent = "";
    try {
      await onChoice(menu.value);
      // The view was drawn again, and with it this menu.
      document.getElementById(ID)?.focus();
    } catch (error) {
      menu.value = translate.language;
      failure.textContent = app.sentenceFor(error);
    }
  });
  return html(
    "div", { class: "language-menu" }, html("label", { for: ID }, actIcon("language"), translate("language")), menu, failure,
  );
}
