/** Scripts that the pages load when they need them, so that the start of the pages does not wait for them. */

/**
 * A function that loads a script once. After a failure, the next call tries again.
 * @param {(base: URL) => string} addressOf
 * @param {string} integrity the hash of the script in the build; the browser refuses other bytes
 * @returns {() => Promise<void>}
 */
export function lateScript(addressOf, integrity) {
  /** @type {Promise<void> | null} */
  let loading = null;
  return () => {
    loading ??= load(addressOf(new URL(document.baseURI)), integrity).catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

/** @param {string} address @param {string} integrity @returns {Promise<void>} */
function load(address, integrity) {
  const script = document.createElement("script");
  script.integrity = integrity;
  script.src = address;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve(), { once: true });
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(`${address} could not be loaded`));
    }, { once: true });
    document.head.append(script);
  });
}
