/** Limits for files that pass through the extension. */

/** Files pass between the contexts in parts of this size. Browsers limit a message to 64 MiB. */
export const PART_BYTES = 4 * 2 ** 20;
/** The limit of all files of one job together, since the vault has their content and the result in memory at once. */
export const MAX_FILES_BYTES = 64 * 2 ** 20;
