/** The script of the vault's Worker, which answers one request, batch or stream, cleans up, and ends. */

import { serve } from "./worker_core.js";

serve(/** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self)));
