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
  const { integrity, ...servers } = readChecked();
  const translate = await loadCatalogue("en", CATALOGUES.map((path) => {
    return new Request(new URL(path, import.meta.url), { integrity: integrity?.[path.replace("./", "")] });
  }));
  explainCalm(translate("calm_hint"));
  try {
    const { api, keyServer } = servers.api ? servers : await (await fetch(new URL("./config.json", import.meta.url))).json();
    const app = new App({ root, announcer, translate, apiOrigin: api, keyServerOrigin: keyServer });
    await app.start();
  } catch (error) {
    const reason = error instanceof TypeError ? new ApiError("unreachable", error.message) : error;
    showStartFailure(root, translate, reason);
  }
}

/**
 * The addresses of the servers and the hash of each file, as the extension has checked them before it started this page.
 * Without the extension there are none: the document that servers send has no such element.
 * @returns {{api?: string, keyServer?: string, integrity?: Record<string, string>}}
 */
function readChecked() {
  const checked = document.querySelector("meta[name=sealwax-checked]")?.getAttribute("content");
  return checked ? JSON.parse(checked) : {};
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
