/** The facts that the extension gives a page after it has compared the page's files with the operator's signed list. */

/**
 * The addresses of the servers and the hash of each file, as the extension has checked them before it started this page.
 * Without the extension there are no facts, because the document from the server has no such element.
 * @returns {{api?: string, keyServer?: string, discovery?: import("../../../wasm_build/vault/account/key_server_finder.js").Discovery, integrity?: Record<string, string>}}
 */
export function readChecked() {
  const checked = document.querySelector("meta[name=sealwax-checked]")?.getAttribute("content");
  return checked ? JSON.parse(checked) : {};
}
