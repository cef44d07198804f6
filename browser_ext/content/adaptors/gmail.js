/**
 * Gmail. The page contains the number of each message (`data-legacy-message-id`), and Gmail sends the original message
 * to the signed-in page. Tested with pages that imitate Gmail's markup, not on the live service.
 */
import { problem } from "../problems.js";
import { isWebmail } from "../webmail_signs.js";
import { fetchMessage, handOver, valueIn } from "../webmail_tools.js";

/** The elements of messages by the messages' numbers. Elements inside a mail's text do not count. */
const MESSAGES = "[data-legacy-message-id]:not(.a3s *)";
const NUMBER = /^[\da-f]+$/iu;
const EDITOR = "[contenteditable=true][role=textbox]";

/** @returns {import("../webmail_tools.js").ShownMessage[]} */
function messages() {
  const shown = [...document.querySelectorAll(MESSAGES)].at(-1);
  if (!shown) return [];
  const element = shown.querySelector(".a3s");
  const number = shown.getAttribute("data-legacy-message-id");
  if (!(element instanceof HTMLElement) || !number || !NUMBER.test(number)) throw problem("page-not-understood");
  const isProtected = shown.querySelector('[download_url*="smime.p7"], [data-tooltip^="smime.p7"]') !== null;
  return [{ element, id: number, isProtected, fetchSource: () => fetchSource(number) }];
}

/** Fetches the bytes of the message, as Gmail's command "download message" does. @param {string} number */
function fetchSource(number) {
  const url = new URL(location.pathname, location.origin);
  url.search = new URLSearchParams({ view: "att", th: number, attid: "0", disp: "comp", safe: "1", zw: "" }).toString();
  return fetchMessage(url);
}

function composer() {
  const subject = [...document.querySelectorAll("input[name=subjectbox]")].at(-1);
  if (!subject && !document.querySelector("[g_editable=true][role=textbox]")) return null;
  const dialog = subject?.closest("[role=dialog], .M9, form");
  const element = dialog?.querySelector(EDITOR);
  if (!dialog || !(element instanceof HTMLElement)) throw problem("page-not-understood");
  return { element, fields: () => fields(dialog, element), fetchOriginal: async () => null };
}

/** @param {Element} dialog @param {HTMLElement} element */
function fields(dialog, element) {
  const people = (/** @type {string} */ name) =>
    [...dialog.querySelectorAll(`[name=${name}] [data-hovercard-id], input[name=${name}]`)].map((recipient) =>
      recipient.getAttribute("data-hovercard-id") ?? /** @type {HTMLInputElement} */ (recipient).value);
  return {
    kind: "new", from: valueIn(dialog, "input[name=from]"), to: people("to"), cc: people("cc"),
    subject: valueIn(dialog, "input[name=subjectbox]"), text: element.innerText.trimEnd(),
  };
}

/** @param {ComposedMessage} done @param {HTMLElement} [text] the editor of the form that the message was written for */
async function send(done, text = composer()?.element) {
  const dialog = text?.closest("[role=dialog], .M9, form");
  await handOver(done, {
    text, files: dialog?.querySelector("input[type=file]"), title: dialog?.querySelector("input[name=subjectbox]"),
  });
}

/** @type {import("../webmail_tools.js").Adaptor} */
export const gmail = { name: "Gmail", recognises: () => isWebmail("Gmail"), messages, composer, send, delivery: async () => "attachment" };
