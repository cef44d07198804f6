/**
 * Outlook on the web. The message's number is in the address of its page. Exchange Web Services send the MIME content
 * to the signed-in page. Tested with pages that imitate Outlook's markup, not on the live service.
 */
import { problem } from "../problems.js";
import { isWebmail } from "../webmail_signs.js";
import { beginsAsMessage, fetchFrom, handOver, valueIn } from "../webmail_tools.js";

const VERSION = "V2018_01_08";

/** @returns {import("../webmail_tools.js").ShownMessage[]} */
function messages() {
  // Addresses look like `/mail/…/id/NUMBER`. The last "id" counts.
  const steps = location.pathname.split("/");
  const at = steps.lastIndexOf("id", -2);
  const above = steps.indexOf("mail");
  const number = above >= 0 && at > above ? steps[at + 1] : "";
  if (!number) return [];
  const element = document.querySelector("[id^=UniqueMessageBody], [role=document][aria-label]");
  if (!(element instanceof HTMLElement)) throw problem("page-not-understood");
  const pane = element.closest("[role=main]") ?? document;
  const isProtected = pane.querySelector('[title*="smime.p7"], [aria-label*="smime.p7"]') !== null;
  return [{ element, id: number, isProtected, fetchSource: () => fetchSource(decodeURIComponent(number)) }];
}

/**
 * Fetches the MIME content of an item, with the page's own cookie.
 * @param {string} id @returns {Promise<ArrayBuffer>}
 */
async function fetchSource(id) {
  const canary = /(?:^|; )X-OWA-CANARY=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  const question = {
    __type: "GetItemJsonRequest:#Exchange",
    Header: { __type: "JsonRequestHeaders:#Exchange", RequestServerVersion: VERSION },
    Body: {
      __type: "GetItemRequest:#Exchange",
      ItemShape: { __type: "ItemResponseShape:#Exchange", BaseShape: "IdOnly", IncludeMimeContent: true },
      ItemIds: [{ __type: "ItemId:#Exchange", Id: id }],
    },
  };
  const headers = { action: "GetItem", "content-type": "application/json; charset=utf-8", "x-owa-canary": canary };
  const response = await fetchFrom("/owa/service.svc?action=GetItem", {
    method: "POST", headers, body: JSON.stringify(question),
  });
  const answer = await response.json().catch(() => null);
  const value = answer?.Body?.ResponseMessages?.Items?.[0]?.Items?.[0]?.MimeContent?.Value;
  const bytes = Uint8Array.from(typeof value === "string" ? atob(value) : "", (character) => character.charCodeAt(0)).buffer;
  if (!beginsAsMessage(bytes)) throw problem("source-not-found");
  return bytes;
}

function composer() {
  const element = document.querySelector("[id^=editorParent][role=textbox], [id^=editorParent] [role=textbox]");
  if (!element && !document.querySelector("[contenteditable=true]")) return null;
  if (!(element instanceof HTMLElement) || !element.closest("[role=main], [role=dialog]")) throw problem("page-not-understood");
  return { element, fields: () => fields(element), fetchOriginal: async () => null };
}

/** @param {HTMLElement} element */
function fields(element) {
  const pane = element.closest("[role=main], [role=dialog]") ?? document;
  const people = (/** @type {string} */ field) =>
    [...pane.querySelectorAll(`[data-recipients=${field}] [data-address]`)].map((recipient) => recipient.getAttribute("data-address") ?? "");
  const subject = valueIn(pane, "input[maxlength='255']");
  return { kind: "new", from: "", to: people("to"), cc: people("cc"), subject, text: element.innerText.trimEnd() };
}

/** @param {ComposedMessage} done @param {HTMLElement} [text] the editor of the form that the message was written for */
async function send(done, text = composer()?.element) {
  const pane = text?.closest("[role=main], [role=dialog]");
  await handOver(done, {
    text, files: pane?.querySelector("input[type=file]"), title: pane?.querySelector("input[maxlength='255']"),
  });
}

/** @type {import("../webmail_tools.js").Adaptor} */
export const outlook = { name: "Outlook", recognises: () => isWebmail("Outlook"), messages, composer, send, delivery: async () => "attachment" };
