/** The names that the pages and their service worker share. */

/** The name of the cache with the files that the worker keeps and the latest configuration. */
export const APP_CACHE = "sealwax-app";
/** The page's question whether the worker of the new version may take over. */
export const TAKE_OVER = "version.take-over";
/** The worker's message that it could not keep all files, with the name of the error. */
export const NOT_KEPT = "files.not-kept";
/** The size from which the vault checks files of the runtime, because it has their hashes. */
export const LARGE_BYTES = 2_000_000;
