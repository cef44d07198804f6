/**
 * Loads the sanitiser of markup when the first formatted message is shown, so that the start of the pages does not wait for
 * it.
 */

import { SANITISER_INTEGRITY } from "../../../wasm_build/vault/owner/pinned.js";
import { sanitiserUrl } from "../../../wasm_build/vault/owner/trusted_scripts.js";
import { lateScript } from "./late_script.js";

/** Resolves when markup can be cleaned. After a failure, the next call tries again. */
export const loadSanitiser = lateScript(sanitiserUrl, SANITISER_INTEGRITY);
