/**
 * SOGo 5. Each message has an address of its own in the page (`#!/Mail/0/INBOX/12`) and on the server
 * (`…/Mail/0/folderINBOX/12/viewsource`). Tested against pages made after its markup, not against a live SOGo.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  const { adaptors, mail } = shared;
  if (adaptors.some((/** @type {any} */ { name }) => name === "SOGo")) return;
  const ROUTE = /^#!\/Mail\/(\d+)\/(.+)\/(\d+)$/;

  function recognises() {
    return document.querySelector('[ng-app="SOGo.MailerUI"]') !== null && /\/so\/[^/]+\/Mail\//.test(location.pathname);
  }

  function message() {
    const route = ROUTE.exec(location.hash);
    if (!route) return null;
    const element = document.querySelector("#messageView .sg-mail-parts, #detailView .sg-mail-parts, .msg-body");
    if (!(element instanceof HTMLElement)) throw mail.problem("page-not-understood");
    const [, account, folders = "", uid] = route;
    const path = folders.split("/").map((name) => `folder${name}`).join("/");
    const base = location.pathname.replace(/\/Mail\/.*$/, "");
    const source = `${base}/Mail/${account}/${path}/${uid}/viewsource`;
    const signs = ["[ng-bind*='smime']", ".sg-smime", "[href*='smime.p7']", "[filename^='smime.p7']"];
    const isProtected = document.querySelector(signs.join()) !== null;
    return { element, isProtected, fetchSource: () => mail.fetchMessage(source) };
  }

  function composer() {
    const editors = ["md-dialog[ng-controller*='MessageEditor']", "md-dialog.sg-mail-editor", "#mailEditor"];
    const dialog = document.querySelector(editors.join());
    if (!dialog) return null;
    const element = dialog.querySelector("textarea[ng-model*='editable.text'], textarea.md-input");
    if (!(element instanceof HTMLTextAreaElement)) throw mail.problem("page-not-understood");
    return { element, fields: () => fields(dialog, element), fetchOriginal: async () => null };
  }

  /** @param {Element} dialog @param {HTMLTextAreaElement} element */
  function fields(dialog, element) {
    const chips = (/** @type {string} */ list) =>
      [...dialog.querySelectorAll(`md-chips[ng-model*='editable.${list}'] md-chip`)].flatMap(({ textContent }) =>
        mail.splitAddresses(textContent ?? ""));
    const value = (/** @type {string} */ model) =>
      /** @type {HTMLInputElement | null} */ (dialog.querySelector(`[ng-model*='editable.${model}']`))?.value ?? "";
    const from = mail.addressIn(dialog.querySelector("[ng-model*='editable.from']")?.textContent ?? "");
    return { kind: "new", from, to: chips("to"), cc: chips("cc"), subject: value("subject"), text: element.value };
  }

  /**
   * The sealed message is attached and the sentence stands in the field: sending stays with the person.
   * @param {ComposedMessage} done
   */
  async function send({ message: bytes, subject, sentence }) {
    const form = composer();
    const files = document.querySelector("md-dialog input[type=file], #mailEditor input[type=file]");
    const title = document.querySelector("[ng-model*='editable.subject']");
    if (!form || !(files instanceof HTMLInputElement)) throw mail.problem("page-not-understood");
    const file = mail.pkcs7File(bytes);
    mail.fillIn(form.element, sentence);
    if (title instanceof HTMLElement) mail.fillIn(title, subject);
    mail.chooseFile(files, file);
    throw mail.problem("handed-over");
  }

  adaptors.push({ name: "SOGo", recognises, message, composer, send, delivery: async () => "attachment" });
})();
