/** IndexedDB as far as the product's modules use it for single records. */

/**
 * A database whose stores all have these operations.
 * @param {Record<string, (...given: any[]) => unknown>} store
 * @returns {any}
 */
export function settledDatabase(store) {
  const transaction = () => {
    /** @type {{objectStore: () => typeof store, oncomplete?: () => void}} */
    const begun = { objectStore: () => store };
    setTimeout(() => begun.oncomplete?.());
    return begun;
  };
  return { open: () => {
    /** @type {{result: unknown, onsuccess?: () => void}} */
    const opened = { result: { transaction } };
    setTimeout(() => opened.onsuccess?.());
    return opened;
  } };
}
