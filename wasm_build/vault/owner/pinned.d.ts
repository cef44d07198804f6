/**
 * The content of `pinned.js`, which the build writes: size and hash of each file of the runtime, and of a file larger than
 * `PIECE_BYTES` the hash of each piece of so many bytes.
 */
export type Pinned = Readonly<Record<string, { integrity: string; bytes: number; pieces?: readonly string[] }>>;
/** The words for a start of the pages that failed before their texts had come, by language. */
export const START_WORDS: Readonly<Record<string, { title: string; sentence: string; again: string }>>;
export const PIECE_BYTES: number;
export const FILES: Pinned;
export const SCRIPTS: Pinned;
/** The archive of zxcvbn, which a form for a new passphrase loads. */
export const ZXCVBN: { integrity: string; bytes: number };
/** The hash of the sanitiser of markup, which only the pages load. */
export const SANITISER_INTEGRITY: string;
/** The hashes of the preview of PDF files, which only the pages load, and of its worker, which only the preview loads. */
export const PDF_VIEW_INTEGRITY: string;
export const PDF_WORKER_INTEGRITY: string;
/** The hash of the view of sent parcels, which only the pages load. */
export const SENT_PARCELS_INTEGRITY: string;
/** The hash of the form that answers a parcel, which only the page of a parcel loads. */
export const PARCEL_ANSWER_INTEGRITY: string;
export const PARCEL_KEY_INTEGRITY: string;
/** The hash of the view of kept files. */
export const MY_FILES_INTEGRITY: string;
/** The hash of the dialogs of letters that go as parcels, which only the pages load. */
export const PARCEL_LETTER_INTEGRITY: string;
