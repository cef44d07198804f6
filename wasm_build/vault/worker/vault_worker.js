/** The script of the vault's Worker, which answers requests, batches or streams, and cleans up after each. */

import { serve } from "./worker_core.js";

serve(/** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self)));
