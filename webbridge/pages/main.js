/**
 * The start of the pages: loads the catalogue, reads the addresses of bridge and key server, and shows the first view.
 */

import { html } from "../../wasm_build/ui/dom.js";
import { explainCalm } from "../../wasm_build/ui/calm.js";
import { errorSentence, loadCatalogue } from "../../wasm_build/ui/catalogue.js";
import { App } from "./app.js";
import { ApiError } from "./api.js";

const CATALOGUES = ["./runtime/ui/messages.en.json", "./messages.en.json"];

async function start() {
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));
  const translate = await loadCatalogue("en", CATALOGUES.map((path) => new URL(path, import.meta.url)));
  explainCalm(translate("calm_hint"));
  try {
    const { api, keyServer } = await (await fetch(new URL("./config.json", import.meta.url))).json();
    const app = new App({ root, announcer, translate, apiOrigin: api, keyServerOrigin: keyServer });
    await app.start();
  } catch (error) {
    const reason = error instanceof TypeError ? new ApiError("unreachable", error.message) : error;
    showStartFailure(root, translate, reason);
  }
}

/**
 * @param {HTMLElement} root
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {unknown} error
 */
function showStartFailure(root, translate, error) {
  const again = html("button", {
    class: "primary", type: "button", text: translate("try_again"), on: { click: () => location.reload() },
  });
  const sentence = errorSentence(translate, error);
  root.replaceChildren(
    html(
      "main",
      { class: "narrow stack" },
      html("h1", { text: translate("start_failed_title") }),
      html("p", { class: "problem", role: "alert", text: sentence, data: { test: "start-error" } }),
      again,
    ),
  );
}

await start();
