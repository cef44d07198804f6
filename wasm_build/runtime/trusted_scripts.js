/** The trusted types policy `sealwax`: it admits the runtime's own scripts and nothing else. */

const ADMITTED = new Set(["vault_worker.js"].map((name) => new URL(name, import.meta.url).href));

/** @type {{createScriptURL(url: string): any}} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("sealwax", {
  createScriptURL: admit,
}) ?? { createScriptURL: admit };

/**
 * @param {string} name a script of this folder
 * @returns {URL} in browsers with trusted types a TrustedScriptURL
 */
export function trustedScriptUrl(name) {
  return policy.createScriptURL(new URL(name, import.meta.url).href);
}

/** @param {string} url */
function admit(url) {
  if (!ADMITTED.has(url)) throw new TypeError("not a script of the runtime");
  return url;
}
