/** Tools for the adaptors of webmails: requests with the page's session, messages, and filling forms. */
import { headerField } from "../../wasm_build/ui/mail_header.js";
import { editorAt } from "./editors.js";
import { settled } from "./old_text.js";
import { contentOf, replaceText, turn } from "./page_text.js";
import { problem } from "./problems.js";
import { fieldsPart } from "./world.js";

/** The key Enter, with the old properties for its number, which some pages read. */
const ENTER = { key: "Enter", code: "Enter", keyCode: 13, which: 13, bubbles: true, cancelable: true, composed: true };

/**
 * The values of a letter in a webmail's own form. The people are texts of the page, which only the core parses.
 * @typedef {{kind: string, from: string, to: string[], cc: string[], bcc?: string[], subject: string, text: string}} Letter
 */
/**
 * The message that a page shows. `id` is unique among the messages of the webmail. `isProtected` is true if the message has
 * S/MIME parts. `isSearched` is true if the page may not lead to the message's source. In this case the page is not changed until
 * the source is found.
 * @typedef {{
 *   element: HTMLElement, id: string, isProtected: boolean, isSearched?: boolean, fetchSource: () => Promise<ArrayBuffer>,
 * }} ShownMessage
 */
/**
 * The form in which a letter is written. `fetchOriginal` returns the message that the letter answers or forwards; null
 * if there is none.
 * @typedef {{element: HTMLElement, fields: () => Letter, fetchOriginal: () => Promise<ArrayBuffer | null>}} Composer
 */
/**
 * The adaptor of a webmail. `messages` and `composer` throw `page-not-understood` if the page has a message or a form
 * that the adaptor cannot read. `send` gets the element of the composer for which the letter was written.
 * @typedef {object} Adaptor
 * @property {string} name
 * @property {() => boolean} recognises
 * @property {() => ShownMessage[]} messages
 * @property {() => Composer | null} composer
 * @property {(done: ComposedMessage, place?: HTMLElement) => Promise<void>} send
 * @property {() => Promise<"raw" | "attachment" | "file">} delivery
 * @property {(kind: string) => Promise<void>} [answer] opens the webmail's own form, if it sends only from that form
 */

/**
 * Sends a request with the person's session. Throws `webmail-silent` if there is no answer, or if the answer is an
 * error.
 * @param {string | URL} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
export async function fetchFrom(url, options = {}) {
  const response = await request(url, options);
  if (!response?.ok) throw problem("webmail-silent", `the webmail answered ${response?.status ?? "nothing"}`);
  return response;
}

/**
 * Sends the request that sends a message. Throws `webmail-refused` if the webmail refuses it. Throws `sending-unknown`
 * if there is no answer, or after an error of the server, because the message was perhaps sent.
 * @param {string | URL} url
 * @param {RequestInit} options
 * @returns {Promise<Response>}
 */
export async function sendTo(url, options) {
  const response = await request(url, options);
  if (!response || response.status >= 500) throw problem("sending-unknown");
  if (!response.ok) throw problem("webmail-refused", `the webmail answered ${response.status}`);
  return response;
}

/** @param {string | URL} url @param {RequestInit} options @returns {Promise<Response | null>} null for no answer */
function request(url, options) {
  return fetch(url, { credentials: "same-origin", cache: "no-store", ...options }).catch(() => null);
}

/**
 * Fetches the bytes of a message. Throws `source-not-found` for another answer, such as a login page or a preview.
 * @param {string | URL} url
 * @param {RequestInit} [options]
 * @returns {Promise<ArrayBuffer>}
 */
export async function fetchMessage(url, options) {
  const bytes = await (await fetchFrom(url, options)).arrayBuffer();
  if (!beginsAsMessage(bytes)) throw problem("source-not-found");
  return bytes;
}

/**
 * Whether the first line is a header field (RFC 5322 section 2.2), or an mbox line before a header field.
 * @param {ArrayBuffer} bytes
 */
export function beginsAsMessage(bytes) {
  return /^(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:/.test(new TextDecoder("latin1").decode(bytes.slice(0, 1000)));
}

/**
 * Whether two messages are equal, except for line ends and blank lines at the end, which a mailbox may change.
 * @param {ArrayBuffer} one @param {ArrayBuffer} other
 */
export function isSameMessage(one, other) {
  const [left, right] = [one, other].map((bytes) => new TextDecoder("latin1").decode(bytes));
  const settled = (/** @type {string | undefined} */ text) => (text ?? "").replace(/\r\n/g, "\n").trimEnd();
  return settled(left) === settled(right);
}

/**
 * A message as a file, for webmails that send only messages composed by themselves. The file is a whole message,
 * because Thunderbird opens an attached message, but can only save an attached CMS object. Throws `needs-raw-sending`
 * for a message that is not a single base64 CMS object, since its text would not be encrypted.
 * @param {ArrayBuffer} message
 * @returns {File} `smime.p7m.eml`: the part before `.eml` tells programs that it is S/MIME
 */
export function messageFile(message) {
  const isBare = /^application\/(?:x-)?pkcs7-mime\b/i.test(headerField(message, "Content-Type"));
  const encoding = headerField(message, "Content-Transfer-Encoding").toLowerCase();
  if (!isBare || encoding !== "base64") throw problem("needs-raw-sending");
  return new File([message], "smime.p7m.eml", { type: "message/rfc822" });
}

/**
 * Puts a file into the page's own file input, as if the person had chosen it.
 * @param {HTMLInputElement} input @param {File} file
 */
function chooseFile(input, file) {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

/** The value of an input of the page; "" if there is none. @param {ParentNode} root @param {string} selector */
export function valueIn(root, selector) {
  return /** @type {HTMLInputElement | null} */ (root.querySelector(selector))?.value ?? "";
}

/**
 * Fills the form of a webmail that sends only messages composed by itself. Attaches the encrypted message, and writes the
 * sentence, the subject, and the recipients into empty fields. Throws `handed-over` at the end, because the person must send the
 * form. Throws `page-not-understood`, and alters nothing, if a field is missing. Throws `mail-form-refused`, and attaches no
 * file, if the form keeps another text than the sentence, because that text would be sent beside the encrypted message.
 * @param {ComposedMessage} done
 * @param {{
 *   text: Element | null | undefined, files: Element | null | undefined, title: Element | null | undefined,
 *   people?: Partial<Record<"to" | "cc", HTMLElement>>,
 * }} places `text` may be in a frame of the page; `people` are the empty fields for recipients
 */
export async function handOver({ message, subject, sentence, envelope }, { text, files, title, people = {} }) {
  const isThere = text?.isConnected && title instanceof HTMLElement && files instanceof HTMLInputElement;
  if (!isThere) throw problem("page-not-understood");
  if (editorAt(/** @type {HTMLElement} */ (text))?.field === null) throw problem("mail-form-refused");
  const file = messageFile(message);
  const before = contentOf(/** @type {HTMLElement} */ (text));
  if (!await replaceText(/** @type {HTMLElement} */ (text), sentence)) throw problem("mail-form-refused");
  // The page can put the old text back before the person sends the form.
  if (settled(before) !== settled(sentence)) fieldsPart().watchHandedOver(/** @type {HTMLElement} */ (text), before, sentence);
  await replaceText(title, subject);
  chooseFile(files, file);
  for (const kind of /** @type {const} */ (["to", "cc"])) {
    const field = people[kind];
    if (field && !(field instanceof HTMLSelectElement) && envelope[kind].length > 0) await enterPeople(field, envelope[kind]);
  }
  throw problem("handed-over");
}

/**
 * Writes addresses into an empty field for recipients. If the page takes the first address out of the field, for
 * example into a token, the other addresses are entered one by one.
 * @param {HTMLElement} field @param {string[]} addresses
 */
async function enterPeople(field, [first = "", ...others]) {
  await replaceText(field, first);
  await leave(field);
  const left = contentOf(field).trim();
  if (left === first && others.length === 0) return;
  if (left !== "") return void await replaceText(field, [first, ...others].join(", "));
  for (const address of others) {
    await replaceText(field, address);
    await leave(field);
  }
}

/** Leaves a field. If its text stays, presses Enter, which some pages need to accept a text. @param {HTMLElement} field */
async function leave(field) {
  field.blur();
  await turn();
  if (contentOf(field).trim() === "") return;
  for (const type of ["keydown", "keypress", "keyup"]) field.dispatchEvent(new KeyboardEvent(type, ENTER));
  await turn();
}
