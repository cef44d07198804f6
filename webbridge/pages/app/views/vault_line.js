/** The lines that show the state of the vault: below the views while it starts or after a failure, and in the settings. */

import { html } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../vault_state.js").VaultState} VaultState */

/** The states that concern everybody. */
const SHOWN = new Set(["vault_starting", "vault_loading", "vault_failed"]);

/**
 * The line below the views, with a bar during the first start.
 * @param {Catalogue} translate @param {VaultState} vaultState
 */
export function createVaultLine(translate, vaultState) {
  const text = html("span", { id: "vault-state", data: { test: "vault-state" } });
  const bar = html("progress", { max: "1", hidden: true, "aria-labelledby": "vault-state", data: { test: "start-progress" } });
  const element = html("span", { class: "foot-vault" }, text, bar);
  const draw = () => {
    const { words, progress } = vaultState;
    text.textContent = translate(...words);
    element.hidden = !SHOWN.has(words[0]);
    bar.hidden = progress === null;
    // Without a value the bar shows that the remaining time is unknown.
    if (progress === null || Number.isNaN(progress)) bar.removeAttribute("value");
    else bar.setAttribute("value", String(progress));
  };
  vaultState.addEventListener("change", draw);
  draw();
  return { element, draw };
}

/** The setting that shows the memory's state. @param {{translate: Catalogue, vaultState: VaultState}} services */
export function createMemoryNote({ translate, vaultState }) {
  const state = html("p", { class: "note", data: { test: "memory-state" } });
  const draw = () => { state.textContent = translate(...vaultState.words); };
  vaultState.addEventListener("change", draw);
  draw();
  const element = html(
    "section", { class: "stack", "aria-labelledby": "memory-title" },
    html("h2", { id: "memory-title", text: translate("setting_memory") }),
    html("p", { class: "lede", text: translate("setting_memory_meaning") }), state,
  );
  return { element, close: () => vaultState.removeEventListener("change", draw) };
}
