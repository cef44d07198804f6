/** Bounds of files on their way through the extension. */

/** What one message carries; browsers bound messages to 64 MiB. */
export const PART_BYTES = 4 * 2 ** 20;
/** What the vault seals in one go, all files of a job together: it holds content and result at once. */
export const MAX_FILES_BYTES = 64 * 2 ** 20;
