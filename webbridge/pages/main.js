/**
 * The start of the pages: loads the catalogue, reads the addresses of bridge and key server, and shows the first view.
 */

import { html } from "../../wasm_build/ui/dom.js";
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { errorSentence } from "../../wasm_build/ui/catalogue.js";
import { START_WORDS } from "../../wasm_build/vault/owner/pinned.js";
import { App } from "./app/app.js";
import { ApiError } from "./app/api.js";
import { readChecked } from "./app/checked_page.js";
import { loadTexts, pageLanguage } from "./app/language.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {{title: string, sentence: string, again: string}} Words */

async function start() {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));
  /** @type {import("./app/language.js").PageTexts | null} */
  let translate = null;
  try {
    const { integrity, ...servers } = readChecked();
    translate = await loadTexts(integrity);
    explainCalm(translate("calm_hint"));
    const { api, keyServer, discovery = null } = servers.api ? servers : await (await fetch(new URL("./config.json", import.meta.url))).json();
    await new App({ root, announcer, translate, apiOrigin: api, keyServerOrigin: keyServer, discovery }).start();
  } catch (error) {
    const reason = error instanceof TypeError ? new ApiError("unreachable", error.message) : error;
    showStartFailure(root, translate ? wordsFor(translate, reason) : /** @type {Words} */ (START_WORDS[pageLanguage()]));
  }
}

/** @param {Catalogue} translate @param {unknown} error @returns {Words} */
function wordsFor(translate, error) {
  return { title: translate("start_failed_title"), sentence: errorSentence(translate, error), again: translate("try_again") };
}

/** @param {HTMLElement} root @param {Words} words */
function showStartFailure(root, words) {
  root.replaceChildren(
    html(
      "main",
      { class: "narrow stack" },
      html("h1", { text: words.title }),
      html("p", { class: "problem", role: "alert", text: words.sentence, data: { test: "start-error" } }),
      html("button", { class: "primary", type: "button", text: words.again, on: { click: () => location.reload() } }),
    ),
  );
}

await start();
