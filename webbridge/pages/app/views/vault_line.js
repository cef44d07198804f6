/** The line below the views that shows the state of the vault. */

import { html } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/**
 * The state of the vault, with a bar while it starts.
 * @param {Catalogue} translate
 */
export function createVaultLine(translate) {
  const state = html("span", { id: "vault-state", data: { test: "vault-state" } });
  const bar = html("progress", { max: "1", hidden: true, "aria-labelledby": "vault-state", data: { test: "start-progress" } });
  /** @type {[string, Record<string, number>]} the words of the state and their values */
  let words = ["vault_starting", {}];
  const say = () => { state.textContent = words[0] && translate(...words); };
  return {
    element: html("span", { class: "foot-vault" }, state, bar),
    say,
    /** @param {string} key "" shows nothing @param {Record<string, number>} [values] */
    setState(key, values = {}) {
      words = [key, values];
      say();
      bar.hidden = true;
    },
    /**
     * @param {import("../../../../wasm_build/vault/owner/assets.js").StartProgress} progress the progress of the vault's
     * first start
     */
    showStart({ loaded, total, stage }) {
      if (stage === "ready") return;
      const isLoading = stage === "files";
      const sizes = { loaded: Math.round(loaded / 1_000_000), total: Math.round(total / 1_000_000) };
      words = isLoading ? ["vault_loading", sizes] : ["vault_starting", {}];
      say();
      bar.hidden = false;
      // Without a value the bar shows that the remaining time is unknown.
      if (isLoading) bar.setAttribute("value", String(loaded / total));
      else bar.removeAttribute("value");
    },
  };
}
