/**
 * Outlook on the web. The message's number stands in the address of its page; Exchange Web Services hand its MIME
 * content over to the signed-in page. Tested against pages made after its markup, not on the live service.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  const { adaptors, mail } = shared;
  if (adaptors.some((/** @type {any} */ { name }) => name === "Outlook")) return;
  const SERVICES = ["outlook.live.com", "outlook.office.com", "outlook.office365.com", "outlook.cloud.microsoft"];
  const VERSION = "V2018_01_08";

  function recognises() {
    const named = document.querySelector('meta[name="application-name"][content="Outlook"]');
    return SERVICES.includes(location.hostname) || named !== null;
  }

  function message() {
    const number = /\/mail\/(?:.*\/)?id\/([^/?]+)/.exec(location.pathname)?.[1];
    if (!number) return null;
    const element = document.querySelector("[id^=UniqueMessageBody], [role=document][aria-label]");
    if (!(element instanceof HTMLElement)) throw mail.problem("page-not-understood");
    const pane = element.closest("[role=main]") ?? document;
    const isProtected = pane.querySelector('[title*="smime.p7"], [aria-label*="smime.p7"]') !== null;
    return { element, isProtected, fetchSource: () => fetchSource(decodeURIComponent(number)) };
  }

  /** The MIME content of an item, by the page's own cookie. @param {string} id @returns {Promise<ArrayBuffer>} */
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
    const response = await mail.fetchFrom("/owa/service.svc?action=GetItem", {
      method: "POST", headers, body: JSON.stringify(question),
    });
    const answer = await response.json().catch(() => null);
    const value = answer?.Body?.ResponseMessages?.Items?.[0]?.Items?.[0]?.MimeContent?.Value;
    const text = typeof value === "string" ? atob(value) : "";
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
    if (!mail.beginsAsMessage(bytes)) throw mail.problem("source-not-found");
    return bytes;
  }

  function composer() {
    const element = document.querySelector("[id^=editorParent][role=textbox], [id^=editorParent] [role=textbox]");
    if (!element) return null;
    const isKnown = element instanceof HTMLElement && element.closest("[role=main], [role=dialog]");
    if (!isKnown) throw mail.problem("page-not-understood");
    return { element, fields: () => fields(element), fetchOriginal: async () => null };
  }

  /** @param {HTMLElement} element */
  function fields(element) {
    const pane = element.closest("[role=main], [role=dialog]") ?? document;
    const people = (/** @type {string} */ field) =>
      [...pane.querySelectorAll(`[data-recipients=${field}] [data-address]`)].flatMap((one) =>
        mail.splitAddresses(one.getAttribute("data-address") ?? ""));
    const subject = /** @type {HTMLInputElement | null} */ (pane.querySelector("input[maxlength='255']"))?.value ?? "";
    return { kind: "new", from: "", to: people("to"), cc: people("cc"), subject, text: element.innerText.trimEnd() };
  }

  /**
   * The sealed message is attached and the sentence stands in the field: sending stays with the person.
   * @param {ComposedMessage} done
   */
  async function send({ message: bytes, subject, sentence }) {
    const form = composer();
    const pane = form?.element.closest("[role=main], [role=dialog]");
    const files = pane?.querySelector("input[type=file]");
    const title = pane?.querySelector("input[maxlength='255']");
    const isThere = files instanceof HTMLInputElement && title instanceof HTMLElement;
    if (!form || !isThere) throw mail.problem("page-not-understood");
    const file = mail.pkcs7File(bytes);
    mail.fillIn(form.element, sentence);
    mail.fillIn(title, subject);
    mail.chooseFile(files, file);
    throw mail.problem("handed-over");
  }

  adaptors.push({ name: "Outlook", recognises, message, composer, send, delivery: async () => "attachment" });
})();
