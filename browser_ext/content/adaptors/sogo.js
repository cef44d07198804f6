/**
 * SOGo 5. Each message has an address of its own in the page (`#!/Mail/0/INBOX/12`) and on the server
 * (`…/Mail/0/folderINBOX/12/export`). `export` returns the bytes of the message; `viewsource` would return them escaped
 * for HTML. The adaptor understands SOGo's editor for plain text, but not its editor for HTML.
 */
import { problem } from "../problems.js";
import { isWebmail } from "../webmail_signs.js";
import { fetchMessage, handOver, valueIn } from "../webmail_tools.js";

const EDITOR = "md-dialog.sg-mail-editor";
/** A link in a mail can set any route, so the folders may not have characters that end the path of a URL. */
const ROUTE = /^#!\/Mail\/(\d+)\/([^?#\\]+)\/(\d+)$/;

function recognises() {
  return isWebmail("SOGo") && /\/so\/[^/]+\/Mail\//.test(location.pathname);
}

/** @returns {import("../webmail_tools.js").ShownMessage[]} */
function messages() {
  const route = ROUTE.exec(location.hash);
  if (!route) return [];
  const element = document.querySelector(".msg-body");
  if (!(element instanceof HTMLElement)) throw problem("page-not-understood");
  const [, account, folders = "", uid] = route;
  const path = folders.split("/").map((name) => `folder${name}`).join("/");
  const base = location.pathname.split("/Mail/", 1)[0];
  const isProtected = element.querySelector("[href*='smime.p7'], [title^='smime.p7']") !== null;
  return [{ element, id: route[0], isProtected, fetchSource: () => fetchSource(`${base}/Mail/${account}/${path}/${uid}/export`) }];
}

/** @param {string} url */
function fetchSource(url) {
  const token = /(?:^|; )XSRF-TOKEN=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  return fetchMessage(url, { headers: { "X-XSRF-TOKEN": token } });
}

function composer() {
  const dialog = document.querySelector(EDITOR);
  if (!dialog && !document.querySelector("md-dialog textarea, md-dialog [contenteditable=true]")) return null;
  const element = dialog?.querySelector("textarea[ng-model*='editable.text']");
  if (!dialog || !(element instanceof HTMLTextAreaElement)) throw problem("page-not-understood");
  return { element, fields: () => fields(dialog, element), fetchOriginal: async () => null };
}

/** @param {Element} dialog @param {HTMLTextAreaElement} element */
function fields(dialog, element) {
  const chips = (/** @type {string} */ list) =>
    [...dialog.querySelectorAll(`md-chips[ng-model*='editable.${list}'] md-chip`)].map(({ textContent }) => textContent ?? "");
  return {
    kind: "new", from: valueIn(dialog, "input[name=from]"), to: chips("to"), cc: chips("cc"),
    subject: valueIn(dialog, "input[name=subject]"), text: element.value,
  };
}

/** @param {ComposedMessage} done @param {HTMLElement} [text] the editor of the form that the message was written for */
async function send(done, text = composer()?.element) {
  const dialog = text?.closest(EDITOR);
  await handOver(done, {
    text, files: dialog?.querySelector("input[type=file]"), title: dialog?.querySelector("input[name=subject]"),
  });
}

/** @type {import("../webmail_tools.js").Adaptor} */
export const sogo = { name: "SOGo", recognises, messages, composer, send, delivery: async () => "attachment" };
