/**
 * The object through which the bundles in a page call each other. It is in the isolated world of the content scripts,
 * where no script of the page can reach it.
 *
 * The browser loads up to five bundles into a document, each when it is needed: `guard.js`, `content.js`,
 * `field_scripts.js`, `mail_scripts.js` and `page_scripts.js`. Each bundle adds one part to this object: the functions
 * that other bundles call. A part may be loaded twice, because a bundle can be loaded twice and the bundle for mail
 * contains the bundle for fields. Only the first copy of a part is used and has state. The part for pages has no state.
 *
 * So a module may import modules of its own part and modules without state. It calls any other part through this
 * object.
 *
 * @typedef {object} World
 * @property {typeof import("./guard.js").guard} guard always present, because it is loaded first
 * @property {typeof import("./content.js").watcher} [watcher]
 * @property {typeof import("./field_scripts.js").fields} [fields]
 * @property {typeof import("./mail_scripts.js").mail} [mail]
 * @property {typeof import("./page_scripts.js").pages} [pages]
 */

/** @type {World} */
export const world = (globalThis.sealwaxContent ??= /** @type {World} */ ({}));

/** The part for fields. Only the part for mail may call this function, because the mail bundle contains the part for fields. */
export function fieldsPart() {
  return /** @type {Required<World>} */ (world).fields;
}

/** The WebExtension API under one name: Firefox calls it `browser`, Chromium `chrome`; both give promises. */
export const api = globalThis.browser ?? globalThis.chrome;
