/** The facts that the extension gives a page whose files it has compared with the operator's signed list. */

/**
 * The addresses of the servers and the hash of each file, as the extension has checked them before it started this page.
 * Without the extension there are none: the document that servers send has no such element.
 * @returns {{api?: string, keyServer?: string, discovery?: import("../../../wasm_build/vault/account/key_server_finder.js").Discovery, integrity?: Record<string, string>}}
 */
export function readChecked() {
  const checked = document.querySelector("meta[name=sealwax-checked]")?.getAttribute("content");
  return checked ? JSON.parse(checked) : {};
}
