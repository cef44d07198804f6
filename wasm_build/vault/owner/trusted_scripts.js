/**
 * The Trusted Types policy `sealwax`. It admits only these scripts: the vault's Worker; the sanitiser; the preview of PDF
 * files; the views of sent parcels, kept files and letters that go as parcels; the forms for the answer to a parcel and for
 * its recipient's key; and the service workers of notifications, pages and parcels.
 *
 * Each function takes the folder of the script. In browsers with Trusted Types it returns a TrustedScriptURL.
 */

/** @type {Set<string>} */
const admitted = new Set();

/** @type {{createScriptURL(url: string): any}} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("sealwax", {
  createScriptURL: admit,
}) ?? { createScriptURL: admit };

/** The address of the vault's Worker. @type {(base: URL) => URL} */
export const workerUrl = (base) => trustedUrl("vault_worker.js", base);

/** The address of the sanitiser of markup. @type {(base: URL) => string} */
export const sanitiserUrl = (base) => trustedUrl("purify.js", base);

/** The address of the preview of PDF files. @type {(base: URL) => string} */
export const pdfViewUrl = (base) => trustedUrl("pdf_view.js", base);

/** The address of the view of sent parcels. @type {(base: URL) => string} */
export const sentParcelsUrl = (base) => trustedUrl("parcels_sent.js", base);

/** The address of the form that answers a parcel. @type {(base: URL) => string} */
export const parcelAnswerUrl = (base) => trustedUrl("parcel_answer.js", base);

/** The address of the form that gets a key for the recipient of a parcel. @type {(base: URL) => string} */
export const parcelKeyUrl = (base) => trustedUrl("parcel_key.js", base);

/** The address of the view of kept files. @type {(base: URL) => string} */
export const myFilesUrl = (base) => trustedUrl("my_files.js", base);

/** The address of the dialogs of letters that go as parcels. @type {(base: URL) => string} */
export const parcelLetterUrl = (base) => trustedUrl("parcel_letter.js", base);

/** The address of the service worker of notifications. @type {(base: URL) => string} */
export const noticeWorkerUrl = (base) => trustedUrl("new_mail_worker.js", base);

/** The address of the service worker that starts the pages without a connection. @type {(base: URL) => string} */
export const appWorkerUrl = (base) => trustedUrl("app_worker.js", base);

/** The address of the service worker that saves files of a parcel. @type {(base: URL) => string} */
export const saveWorkerUrl = (base) => trustedUrl("save_worker.js", base);

/**
 * @param {string} name
 * @param {URL} base
 */
function trustedUrl(name, base) {
  const { href } = new URL(name, base);
  admitted.add(href);
  return policy.createScriptURL(href);
}

/** @param {string} url */
function admit(url) {
  if (!admitted.has(url)) throw new TypeError("not a script of the runtime");
  return url;
}
