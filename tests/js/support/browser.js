/** The browser's extension API (`chrome`), as far as a test needs it. */

/**
 * A part of an object of the browser. Its functions take any arguments: most of the real ones are overloaded.
 * @template T
 * @typedef {T extends (...given: any[]) => unknown ? (...given: any[]) => unknown
 *   : T extends object ? {[Name in keyof T]?: PartOf<T[Name]>} : T} PartOf
 */

/** Gives the extension this browser. Its modules take it when they are loaded. @param {PartOf<typeof chrome>} browser */
export function installBrowser(browser) {
  Object.assign(globalThis, { chrome: browser });
}

/** An area of the extension's storage. @param {() => Record<string, any>} values returns the object that has its values now */
export function storageArea(values) {
  return {
    get: async (/** @type {string | null} */ name) =>
      (name === null ? { ...values() } : name in values() ? { [name]: values()[name] } : {}),
    set: async (/** @type {object} */ entries) => void Object.assign(values(), structuredClone(entries)),
    remove: async (/** @type {string} */ name) => void delete values()[name],
  };
}
