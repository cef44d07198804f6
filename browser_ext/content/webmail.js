/**
 * Mail in webmails: recognises the webmail by its adaptor, offers to open a protected message in its place, and to
 * write one with the extension. Sealed octets pass through here, never a plaintext of ours.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.offerMail) return;
  const api = globalThis.browser ?? globalThis.chrome;
  const { mail } = shared;
  /** @type {WeakMap<HTMLElement, any>} */
  const hostOf = new WeakMap();
  /**
   * By the window of the extension: the webmail, and the composer that the window was opened from, if one was.
   * @type {Map<string, {webmail: any, composer: any}>}
   */
  const composing = new Map();
  /** The code of a message that was perhaps sent. */
  const UNKNOWN = "sending-unknown";
  /** Of the height of the window: a mail is more than a field. */
  const MAIL_HEIGHT = 0.75;
  /** The message that was opened last, and the element whose place it has. @type {{element: HTMLElement, id: string} | null} */
  let opened = null;
  /** Where it is said that this page is not understood. @type {HTMLElement | null} */
  let notice = null;

  function recognised() {
    return shared.adaptors.find((/** @type {any} */ adaptor) => adaptor.recognises()) ?? null;
  }

  /** @param {HTMLElement} element */
  function hostFor(element) {
    const known = hostOf.get(element);
    if (known) return known;
    const host = new shared.FrameHost(element, { isBefore: true, minHeight: Math.round(innerHeight * MAIL_HEIGHT) });
    hostOf.set(element, host);
    return host;
  }

  /**
   * Offers what can be done with the mail in this page.
   * @param {{isAsked?: boolean}} [options] `isAsked`: the person asks for it here, by toolbar, menu or keyboard
   * @returns {number} how many things there are
   */
  function offerMail({ isAsked = false } = {}) {
    const webmail = recognised();
    if (!webmail) return 0;
    try {
      const message = webmail.message();
      const composer = webmail.composer();
      dismissUnlessShown(message);
      if (message && (message.isProtected || isAsked)) offerReading(webmail, message);
      if (composer) offerWriting(webmail, composer);
      forgetProblem();
      return (message && (message.isProtected || isAsked) ? 1 : 0) + (composer ? 1 : 0);
    } catch (error) {
      return explain(webmail, error, isAsked);
    }
  }

  /**
   * Webmails show one message after the other in the same element, or put another element in its place: what was opened
   * goes then. It stays where other messages stand beside it, as in a conversation.
   * @param {{element: HTMLElement, id: string} | null} message
   */
  function dismissUnlessShown(message) {
    if (!opened || message?.id === opened.id) return;
    if (message && message.element !== opened.element && opened.element.isConnected) return;
    hostOf.get(opened.element)?.dismiss();
    hostOf.delete(opened.element);
    opened = null;
  }

  /** @param {any} webmail @param {any} message */
  function offerReading(webmail, message) {
    const { element } = message;
    const host = hostFor(element);
    // The message that is shown at the click: the page may have gone on to another one since.
    const readShown = async () => {
      const shown = webmail.message();
      if (shown?.element === element) await read(webmail, host, shown);
    };
    if (!host.isOpen) host.offer(api.i18n.getMessage("mailOpen"), readShown);
  }

  /** @param {any} webmail @param {any} host @param {any} message */
  async function read(webmail, host, message) {
    if (host.isOpen) return;
    opened = { element: message.element, id: message.id };
    const hold = async () => (await shared.ask("mail.hold", { bytes: await message.fetchSource(), name: "" })).mail;
    const held = hold();
    host.onAnswer = async (/** @type {string} */ kind) => answer(webmail, kind, await held);
    await host.open({ kind: "mail", smime: "", proposed: [], cms: "" }, "", held);
  }

  /**
   * The person answers or forwards what the frame shows.
   * @param {any} webmail @param {string} kind @param {string} mail the held message
   * @returns {Promise<string>} the code of a problem, or nothing
   */
  async function answer(webmail, kind, mail) {
    try {
      // A webmail that sends from its own form alone opens that; the button above it goes on.
      if (webmail.answer) await webmail.answer(kind);
      else if ((await webmail.delivery()) !== "raw") return "answer-in-webmail";
      else await openLetter(webmail, { kind, from: "", to: [], cc: [], subject: "", text: "", mail, deliver: "raw" });
      return "";
    } catch (error) {
      return String(/** @type {any} */ (error).code ?? "unknown");
    }
  }

  /** @param {any} webmail @param {any} composer */
  function offerWriting(webmail, composer) {
    const host = hostFor(composer.element);
    host.offer(api.i18n.getMessage("mailWrite"), () => write(webmail, composer));
  }

  /** @param {any} webmail @param {any} composer */
  async function write(webmail, composer) {
    const original = await composer.fetchOriginal();
    const held = original ? (await shared.ask("mail.hold", { bytes: original, name: "" })).mail : "";
    const deliver = await webmail.delivery();
    await openLetter(webmail, { ...composer.fields(), mail: held, deliver }, composer);
  }

  /** @param {any} webmail @param {object} letter @param {any} [composer] the form of the webmail, where one is open for it */
  async function openLetter(webmail, letter, composer = null) {
    const { compose } = await shared.ask("compose.open", { bcc: [], ...letter });
    composing.set(compose, { webmail, composer });
  }

  /** Writes what stands in the focused form for mail in the extension's window: no recipient could open a field. */
  async function writeMailForm() {
    const place = shared.findFocused();
    try {
      const webmail = recognised();
      const composer = composerAround(webmail, place);
      if (composer) return await write(webmail, composer);
      const form = shared.focusedMailForm();
      if (!form) return;
      const deliver = form.files ? "attachment" : "file";
      await openLetter({ send: (/** @type {any} */ done) => attach(form, done) }, { ...form.fields, mail: "", deliver });
      shared.noteFor(place, api.i18n.getMessage("mailFormNote"));
    } catch (error) {
      shared.noteErrorFor(place, error);
    }
  }

  /** What the webmail's adaptor knows of the editor with the focus. @param {any} webmail @param {HTMLElement} place */
  function composerAround(webmail, place) {
    try {
      const composer = webmail?.composer() ?? null;
      return composer && (place === composer.element || shared.findMailForm()) ? composer : null;
    } catch {
      // A webmail whose page has changed is read as any other page.
      return null;
    }
  }

  /**
   * Attaches the encrypted message in a form of a webmail without an adaptor; sending stays with the person.
   * @param {any} form @param {ComposedMessage} done
   */
  async function attach({ editor, subject, files }, done) {
    const text = editor instanceof HTMLIFrameElement ? shared.editableIn(editor) : editor;
    if (![editor, subject, files].every((element) => element?.isConnected)) throw mail.problem("page-not-understood");
    mail.handOver(done, { text, files, title: subject });
  }

  /**
   * A webmail whose page has changed is said to be so, in words: nobody shall write in clear for want of a button.
   * @param {any} webmail @param {unknown} error @param {boolean} isAsked
   */
  function explain(webmail, error, isAsked) {
    if (/** @type {any} */ (error).code !== "page-not-understood") throw error;
    notice ??= /** @type {HTMLElement} */ (document.body.querySelector("main, [role=main], form, div") ?? document.body);
    const host = hostFor(notice);
    if (isAsked) host.offer(api.i18n.getMessage("mailOpenViewer"), () => shared.ask("viewer.open", { mail: "" }));
    host.say(api.i18n.getMessage("mailNotUnderstood", [webmail.name]));
    return 1;
  }

  /** A page that was still being drawn is understood now. */
  function forgetProblem() {
    if (!notice) return;
    hostFor(notice).withdraw();
    hostOf.delete(notice);
    notice = null;
  }

  /**
   * Sends what the extension's window has made, by the webmail's own way.
   * @param {any} body
   * @returns {Promise<{sent: boolean | null, problem: string}>} `sent` is null where the webmail did not say
   */
  async function deliver({ compose, ...done }) {
    const asking = composing.get(compose);
    if (!asking) return { sent: false, problem: "page-gone" };
    try {
      // The person may have begun another message since: the form that asked is the one that gets it.
      await asking.webmail.send({ ...done, sentence: api.i18n.getMessage("mailSentence") }, asking.composer?.element);
      if (!done.more) composing.delete(compose);
      return { sent: true, problem: "" };
    } catch (error) {
      // An adaptor names what it knows; a fault of another kind may have come after the message was sent.
      const { code: known } = /** @type {any} */ (error);
      const code = typeof known === "string" ? known : UNKNOWN;
      return { sent: code === UNKNOWN ? null : false, problem: code };
    }
  }

  api.runtime.onMessage.addListener((message, sender, reply) => {
    // Only the background speaks to pages; it stands in no tab.
    if (sender.id !== api.runtime.id || sender.tab) return undefined;
    if (message?.type !== "compose.done") return undefined;
    void deliver(message.body).then(reply);
    return true;
  });

  Object.assign(shared, { offerMail, writeMailForm });
})();
