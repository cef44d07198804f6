/**
 * The start of the pages: loads the catalogue, reads the addresses of bridge and key server, and shows the first view.
 */

import { html } from "../../wasm_build/ui/dom.js";
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { errorSentence, loadCatalogue } from "../../wasm_build/ui/catalogue.js";
import { App } from "./app.js";
import { ApiError } from "./api.js";

const CATALOGUES = ["./runtime/ui/messages.en.json", "./messages.en.json"];
/** The words for a start that failed before there were texts to look up. */
const WITHOUT_TEXTS = {
  title: "The mail cannot be shown",
  sentence: "A part of this page did not load. Check the connection, then try again.",
  again: "Try again",
};

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

async function start() {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));
  /** @type {Catalogue | null} */
  let translate = null;
  try {
    const { integrity, ...servers } = readChecked();
    translate = await loadTexts(integrity);
    explainCalm(translate("calm_hint"));
    const { api, keyServer, discovery = null } = servers.api ? servers : await (await fetch(new URL("./config.json", import.meta.url))).json();
    const app = new App({ root, announcer, translate, apiOrigin: api, keyServerOrigin: keyServer, discovery });
    await app.start();
  } catch (error) {
    const reason = error instanceof TypeError ? new ApiError("unreachable", error.message) : error;
    showStartFailure(root, translate ? wordsFor(translate, reason) : WITHOUT_TEXTS);
  }
}

/** @param {Record<string, string>} [integrity] the hash of each file, where the extension has checked them */
function loadTexts(integrity) {
  return loadCatalogue("en", CATALOGUES.map((path) => {
    return new Request(new URL(path, import.meta.url), { integrity: integrity?.[path.replace("./", "")] });
  }));
}

/**
 * The addresses of the servers and the hash of each file, as the extension has checked them before it started this page.
 * Without the extension there are none: the document that servers send has no such element.
 * @returns {{api?: string, keyServer?: string, discovery?: import("../../wasm_build/vault/key_server_finder.js").Discovery, integrity?: Record<string, string>}}
 */
function readChecked() {
  const checked = document.querySelector("meta[name=sealwax-checked]")?.getAttribute("content");
  return checked ? JSON.parse(checked) : {};
}

/** @param {Catalogue} translate @param {unknown} error @returns {typeof WITHOUT_TEXTS} */
function wordsFor(translate, error) {
  return { title: translate("start_failed_title"), sentence: errorSentence(translate, error), again: translate("try_again") };
}

/** @param {HTMLElement} root @param {typeof WITHOUT_TEXTS} words */
function showStartFailure(root, words) {
  const again = html("button", { class: "primary", type: "button", text: words.again, on: { click: () => location.reload() } });
  root.replaceChildren(
    html(
      "main",
      { class: "narrow stack" },
      html("h1", { text: words.title }),
      html("p", { class: "problem", role: "alert", text: words.sentence, data: { test: "start-error" } }),
      again,
    ),
  );
}

await start();
