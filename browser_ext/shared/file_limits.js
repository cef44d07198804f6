/** Limits for files that pass through the extension. */

/** The size of a part of a file in one message. Browsers limit a message to 64 MiB. */
export const PART_BYTES = 4 * 2 ** 20;
/** The limit of all files of a job together, since the vault holds their content and the result at the same time. */
export const MAX_FILES_BYTES = 64 * 2 ** 20;
