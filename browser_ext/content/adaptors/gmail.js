/**
 * Gmail. Each message carries its number (`data-legacy-message-id`), and Gmail hands the original over to the signed-in
 * page. Tested against pages made after its markup, not on the live service.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  const { adaptors, mail } = shared;
  if (adaptors.some((/** @type {any} */ { name }) => name === "Gmail")) return;
  const EDITOR = "[contenteditable=true][role=textbox]";

  function message() {
    const shown = [...document.querySelectorAll("[data-legacy-message-id]")].at(-1);
    if (!shown) return null;
    const element = shown.querySelector(".a3s");
    const number = shown.getAttribute("data-legacy-message-id");
    if (!(element instanceof HTMLElement) || !number) throw mail.problem("page-not-understood");
    const isProtected = shown.querySelector('[download_url*="smime.p7"], [data-tooltip^="smime.p7"]') !== null;
    return { element, id: number, isProtected, fetchSource: () => fetchSource(number) };
  }

  /** The original, as "download message" gives it. @param {string} number */
  function fetchSource(number) {
    const url = new URL(location.pathname, location.origin);
    const query = { view: "att", th: number, attid: "0", disp: "comp", safe: "1", zw: "" };
    url.search = new URLSearchParams(query).toString();
    return mail.fetchMessage(url);
  }

  function composer() {
    const subject = [...document.querySelectorAll("input[name=subjectbox]")].at(-1);
    if (!subject && !document.querySelector("[g_editable=true][role=textbox]")) return null;
    const dialog = subject?.closest("[role=dialog], .M9, form");
    const element = dialog?.querySelector(EDITOR);
    if (!dialog || !(element instanceof HTMLElement)) throw mail.problem("page-not-understood");
    return { element, fields: () => fields(dialog, element), fetchOriginal: async () => null };
  }

  /** @param {Element} dialog @param {HTMLElement} element */
  function fields(dialog, element) {
    const people = (/** @type {string} */ name) =>
      [...dialog.querySelectorAll(`[name=${name}] [data-hovercard-id], input[name=${name}]`)].flatMap((one) =>
        mail.splitAddresses(one.getAttribute("data-hovercard-id") ?? /** @type {HTMLInputElement} */ (one).value));
    const value = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement | null} */ (dialog.querySelector(`input[name=${name}]`))?.value ?? "";
    return {
      kind: "new", from: mail.addressIn(value("from")), to: people("to"), cc: people("cc"),
      subject: value("subjectbox"), text: element.innerText.trimEnd(),
    };
  }

  /** @param {ComposedMessage} done @param {HTMLElement} [text] of the form that the message was written for */
  async function send(done, text = composer()?.element) {
    const dialog = text?.closest("[role=dialog], .M9, form");
    mail.handOver(done, {
      text, files: dialog?.querySelector("input[type=file]"), title: dialog?.querySelector("input[name=subjectbox]"),
    });
  }

  const recognises = () => shared.isWebmail("Gmail");
  adaptors.push({ name: "Gmail", recognises, message, composer, send, delivery: async () => "attachment" });
})();
