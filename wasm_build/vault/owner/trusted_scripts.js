/**
 * The Trusted Types policy `sealwax`. It admits only these scripts: the vault's Worker; the sanitiser; the preview of PDF
 * files; the views of sent parcels, kept files and letters that go as parcels; the forms for the answer to a parcel and for
 * its recipient's key; and the service workers of notifications, pages and parcels.
 */

const WORKER = "vault_worker.js";
const SANITISER = "purify.js";
const PDF_VIEW = "pdf_view.js";
const SENT_PARCELS = "parcels_sent.js";
const PARCEL_ANSWER = "parcel_answer.js";
const PARCEL_KEY = "parcel_key.js";
const MY_FILES = "my_files.js";
const PARCEL_LETTER = "parcel_letter.js";
const NOTICE_WORKER = "new_mail_worker.js";
const APP_WORKER = "app_worker.js";
const SAVE_WORKER = "save_worker.js";
/** @type {Set<string>} */
const admitted = new Set();

/** @type {{createScriptURL(url: string): any}} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("sealwax", {
  createScriptURL: admit,
}) ?? { createScriptURL: admit };

/**
 * The address of the vault's Worker.
 * @param {URL} base the folder of the runtime
 * @returns {URL} in browsers with Trusted Types a TrustedScriptURL
 */
export function workerUrl(base) {
  return trustedUrl(new URL(WORKER, base));
}

/**
 * The address of the sanitiser of markup.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function sanitiserUrl(base) {
  return trustedUrl(new URL(SANITISER, base));
}

/**
 * The address of the preview of PDF files.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function pdfViewUrl(base) {
  return trustedUrl(new URL(PDF_VIEW, base));
}

/**
 * The address of the view of sent parcels.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function sentParcelsUrl(base) {
  return trustedUrl(new URL(SENT_PARCELS, base));
}

/**
 * The address of the form that answers a parcel.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function parcelAnswerUrl(base) {
  return trustedUrl(new URL(PARCEL_ANSWER, base));
}

/**
 * The address of the form that gets a key for the recipient of a parcel.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function parcelKeyUrl(base) {
  return trustedUrl(new URL(PARCEL_KEY, base));
}

/**
 * The address of the view of kept files.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function myFilesUrl(base) {
  return trustedUrl(new URL(MY_FILES, base));
}

/**
 * The address of the dialogs of letters that go as parcels.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function parcelLetterUrl(base) {
  return trustedUrl(new URL(PARCEL_LETTER, base));
}

/**
 * The address of the service worker of notifications.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function noticeWorkerUrl(base) {
  return trustedUrl(new URL(NOTICE_WORKER, base));
}

/**
 * The address of the service worker that starts the pages without a connection.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function appWorkerUrl(base) {
  return trustedUrl(new URL(APP_WORKER, base));
}

/**
 * The address of the service worker that saves files of a parcel.
 * @param {URL} base the folder of the pages
 * @returns {string} in browsers with Trusted Types a TrustedScriptURL
 */
export function saveWorkerUrl(base) {
  return trustedUrl(new URL(SAVE_WORKER, base));
}

/** @param {URL} script */
function trustedUrl({ href }) {
  admitted.add(href);
  return policy.createScriptURL(href);
}

/** @param {string} url */
function admit(url) {
  if (!admitted.has(url)) throw new TypeError("not a script of the runtime");
  return url;
}
