/** The vault's Worker: answers one request, cleans up, and ends. */

import { serve } from "./worker_core.js";

serve(/** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self)));
