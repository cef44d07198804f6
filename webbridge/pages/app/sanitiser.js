/** Loads the sanitiser of markup with the first formatted message, so that no start of the pages waits for it. */

import { SANITISER_INTEGRITY } from "../../../wasm_build/vault/owner/pinned.js";
import { sanitiserUrl } from "../../../wasm_build/vault/owner/trusted_scripts.js";
import { lateScript } from "./late_script.js";

/** Resolves when markup can be cleaned. After a failure, the next call tries again. */
export const loadSanitiser = lateScript(sanitiserUrl, SANITISER_INTEGRITY);
