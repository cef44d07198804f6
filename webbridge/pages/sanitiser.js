/** Loads the sanitiser of markup with the first formatted message, so that no start of the pages waits for it. */

import { SANITISER_INTEGRITY } from "../../wasm_build/vault/owner/pinned.js";
import { sanitiserUrl } from "../../wasm_build/vault/owner/trusted_scripts.js";

/** @type {Promise<void> | null} */
let loading = null;

/** Resolves when markup can be cleaned. After a failure, the next call tries again. */
export function loadSanitiser() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** @returns {Promise<void>} */
function load() {
  const script = document.createElement("script");
  // The browser refuses other bytes than those of the build.
  script.integrity = SANITISER_INTEGRITY;
  script.src = sanitiserUrl(new URL(document.baseURI));
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve(), { once: true });
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error("the sanitiser could not be loaded"));
    }, { once: true });
    document.head.append(script);
  });
}
