/**
 * Gmail. Each message carries its number (`data-legacy-message-id`), and Gmail hands the original over to the signed-in
 * page. Tested against pages made after its markup, not on the live service.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  const { adaptors, mail } = shared;
  if (adaptors.some((/** @type {any} */ { name }) => name === "Gmail")) return;
  const SERVICE = "mail.google.com";

  function recognises() {
    const named = document.querySelector('meta[name="application-name"][content="Gmail"]');
    return location.hostname === SERVICE || named !== null;
  }

  function message() {
    const shown = [...document.querySelectorAll("[data-legacy-message-id]")].at(-1);
    if (!shown) return null;
    const element = shown.querySelector(".a3s");
    const number = shown.getAttribute("data-legacy-message-id");
    if (!(element instanceof HTMLElement) || !number) throw mail.problem("page-not-understood");
    const isProtected = shown.querySelector('[download_url*="smime.p7"], [data-tooltip^="smime.p7"]') !== null;
    return { element, isProtected, fetchSource: () => fetchSource(number) };
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
    if (!subject) return null;
    const dialog = subject.closest("[role=dialog], .M9, form");
    const element = dialog?.querySelector("[contenteditable=true][role=textbox]");
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

  /**
   * The sealed message is attached and the sentence stands in the field: sending stays with the person.
   * @param {ComposedMessage} done
   */
  async function send({ message: bytes, subject, sentence }) {
    const form = composer();
    const dialog = form?.element.closest("[role=dialog], .M9, form");
    const files = dialog?.querySelector("input[type=file]");
    const title = dialog?.querySelector("input[name=subjectbox]");
    const isThere = files instanceof HTMLInputElement && title instanceof HTMLElement;
    if (!form || !isThere) throw mail.problem("page-not-understood");
    const file = mail.pkcs7File(bytes);
    mail.fillIn(form.element, sentence);
    mail.fillIn(title, subject);
    mail.chooseFile(files, file);
    throw mail.problem("handed-over");
  }

  adaptors.push({ name: "Gmail", recognises, message, composer, send, delivery: async () => "attachment" });
})();
