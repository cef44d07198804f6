/**
 * Checks the files of a site before its page runs. The browser starts this script when the document has only its first
 * element, and only on sites that the person or an administrator has named.
 *
 * 1. The document is stopped at once, so none of the server's scripts runs.
 * 2. The files of the signed list are read, from the browser's cache where possible, and compared.
 * 3. The signed document replaces the stopped document. Each script and style in the signed document has a hash, so the
 *    browser itself refuses any other bytes from the server.
 */
import { ask } from "./background_link.js";
import { problem } from "./problems.js";
import { translate } from "../texts/texts.js";

const LIST = "release.p7s";
const CONFIGURATION = "config.json";
/** The signed documents that people open, by their paths. */
const DOCUMENTS = new Map([["/", "index.html"], ["/parcel.html", "parcel.html"]]);
/** Compressed forms of files, which servers send instead of the files, and files that only developer tools load. */
const NOT_LOADED = /\.(?:br|gz|map)$/u;
const root = new URL("/", location.href);

/**
 * The size above which a file is compared later, while the page starts. Such files are data of the vault's runtime. The
 * signed script contains their hashes, and refuses other bytes itself.
 */
const LARGE_BYTES = 2_000_000;

/** @type {string} */
let configuration = "";
/** The fragment of a parcel's link. It may contain the six words that open the parcel. The signed page gets it back. */
const fragment = takeFragment();

const isOpened = stopDocument();
void check();

/**
 * Stops the document. Chromium never draws a document after `stop`, but draws it after `open`. Firefox forbids `open`
 * to extensions. Returns whether the document was opened, and so has to be written.
 */
function stopDocument() {
  try {
    document.open();
    return true;
  } catch {
    stop();
    return false;
  }
}

/** Removes the fragment from the address and the history. Otherwise it would stay there if the page is stopped. */
function takeFragment() {
  const { hash, pathname, search } = location;
  try {
    if (hash) history.replaceState(null, "", `${pathname}${search}`);
  } catch {
    // Firefox refuses the call if there were many such calls in the tab, for example by another page. The check continues.
  }
  return hash;
}

async function check() {
  try {
    const { html, large } = await compare();
    if (fragment) history.replaceState(null, "", fragment);
    draw(html);
    await large();
  } catch (error) {
    const { code = "unknown", file = "" } = /** @type {{code?: string, file?: string}} */ (error);
    await ask("checked.stop", { code, file, configuration, fragment }).catch(() => draw(sentence(translate("checked_failed"))));
  }
}

/**
 * The signed document, and a function that compares the large files. Rejects with the code of the first difference, and its
 * file.
 * @returns {Promise<{html: Element, large: () => Promise<unknown>}>}
 */
async function compare() {
  const name = DOCUMENTS.get(location.pathname);
  if (document.contentType !== "text/html" || !name) throw problem("site-other-page");
  // A worker that the site installed earlier could answer all requests below.
  if (navigator.serviceWorker?.controller) throw problem("site-worker");
  const [signed, settings] = await Promise.all([read(LIST, "no-cache"), read(CONFIGURATION, "no-cache")]);
  if (!signed) throw problem("site-list-missing");
  configuration = new TextDecoder().decode(settings ?? new ArrayBuffer(0));
  /** @type {{files: {path: string, bytes: number, integrity: string}[], servers: object}} */
  const { files, servers } = await ask("checked.files", { signed, configuration });
  const integrity = new Map(files.map((file) => [file.path, file.integrity]));
  const loaded = files.filter(({ path }) => path !== name && !NOT_LOADED.test(path));
  /** @param {typeof files} some @param {RequestCache} cache */
  const readAll = (some, cache) => Promise.all(some.map(({ path }) => readSigned(path, integrity, cache)));
  // The page will ask the server for the small files again, so this check asks the server too.
  const small = readAll(loaded.filter(({ bytes }) => bytes <= LARGE_BYTES), "no-cache");
  const [markup] = await Promise.all([readSigned(name, integrity, "no-cache"), small]);
  const html = build(new TextDecoder().decode(markup), { name, integrity, servers });
  return { html, large: () => readAll(loaded.filter(({ bytes }) => bytes > LARGE_BYTES), "force-cache") };
}

/**
 * The bytes of a file, if they are the signed bytes. The cache may have the file of an earlier release, so a file that
 * differs is requested once more from the server.
 * @param {string} path @param {Map<string, string>} integrity @param {RequestCache} cache
 */
async function readSigned(path, integrity, cache) {
  let isThere = false;
  for (const mode of /** @type {RequestCache[]} */ ([cache, "reload"])) {
    const bytes = await read(path === DOCUMENTS.get("/") ? "" : path, mode);
    isThere = bytes !== null;
    if (bytes && (await hashOf(bytes)) === integrity.get(path)) return bytes;
  }
  throw Object.assign(problem(isThere ? "site-file-differs" : "site-file-missing"), { file: path });
}

/** @param {string} path @param {RequestCache} cache @returns {Promise<ArrayBuffer | null>} null if the site does not send it */
async function read(path, cache) {
  const response = await fetch(new URL(path, root), { cache, redirect: "error" }).catch(() => null);
  return response?.ok ? response.arrayBuffer().catch(() => null) : null;
}

/** @param {ArrayBuffer} bytes @returns {Promise<string>} in the form of Subresource Integrity */
async function hashOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-384", bytes));
  return `sha384-${btoa(String.fromCharCode(...digest))}`;
}

/**
 * The signed document with the hashes of its scripts and styles, and with the data that the page must not ask the
 * server for again. Throws `site-file-unlisted`.
 * @param {string} markup
 * @param {{name: string, integrity: Map<string, string>, servers: object}} options `name` is the name of the document
 */
function build(markup, { name: documentName, integrity, servers }) {
  const { documentElement: html, head } = new DOMParser().parseFromString(markup, "text/html");
  for (const [selector, name] of [["script", "src"], ["link[rel=stylesheet]", "href"]]) {
    for (const element of html.querySelectorAll(selector)) {
      const path = new URL(element.getAttribute(name) ?? "", root).pathname.slice(1);
      element.setAttribute("integrity", signedHash(path, { name: documentName, integrity }));
      // When the document was stopped, the browser's early requests for modules ended, and a document never requests
      // the same module again.
      if (name === "src") element.setAttribute(name, `${path}?checked`);
    }
  }
  const checked = document.createElement("meta");
  checked.name = "sealwax-checked";
  checked.content = JSON.stringify({ ...servers, integrity: Object.fromEntries(integrity) });
  head.append(checked);
  return html;
}

/**
 * The hash of a file that the document loads. A file that is not on the list has no hash, and browsers load a file with an
 * empty hash unchecked. A script or style inside the document has no file, and so no path.
 * @param {string} path
 * @param {{name: string, integrity: Map<string, string>}} options `name` is the name of the document
 */
function signedHash(path, { name, integrity }) {
  const hash = integrity.get(path);
  if (!hash) throw Object.assign(problem("site-file-unlisted"), { file: path || name });
  return hash;
}

/** Makes each script anew, because a script that was parsed elsewhere never runs. @param {Element} html */
function withLiveScripts(html) {
  for (const parsed of html.querySelectorAll("script")) {
    const script = document.createElement("script");
    for (const { name, value } of parsed.attributes) script.setAttribute(name, value);
    parsed.replaceWith(script);
  }
  return html;
}

/** A document with one sentence. @param {string} text */
function sentence(text) {
  const html = document.createElement("html");
  html.append(document.createElement("head"), document.createElement("body"));
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  html.lastElementChild?.append(paragraph);
  return html;
}

/** Replaces the stopped document by another document, once. @param {Element} html */
function draw(html) {
  if (isOpened) {
    // An opened document is drawn only after something was written to it. The type keeps the browser in its standards
    // mode.
    document.write("<!doctype html>");
    document.close();
  }
  document.replaceChild(withLiveScripts(document.importNode(html, true)), document.documentElement);
}
