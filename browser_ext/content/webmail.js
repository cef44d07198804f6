/**
 * Mail in webmails. This script finds the adaptor of the webmail. It offers to open a protected message where the
 * webmail shows it, and to write a message with the extension. This script never has text that the extension has
 * decrypted.
 */
import { anyWebmail } from "./adaptors/any_webmail.js";
import { gmail } from "./adaptors/gmail.js";
import { outlook } from "./adaptors/outlook.js";
import { roundcube } from "./adaptors/roundcube.js";
import { sealwax } from "./adaptors/sealwax.js";
import { sogo } from "./adaptors/sogo.js";
import { sayInBar } from "./any_webmail/bar.js";
import { startTeachingForm } from "./any_webmail/form_teaching.js";
import { headOf, LINKS_AND_BUTTONS } from "./any_webmail/mail_text.js";
import { startPicking } from "./any_webmail/picker.js";
import { partAt, partWithoutName } from "./any_webmail/shown_parts.js";
import { fetchChosen, fetchShownMail, hasSource } from "./any_webmail/source_search.js";
import { taughtForm } from "./any_webmail/taught_form.js";
import { startTeaching } from "./any_webmail/teaching.js";
import { ask } from "./background_link.js";
import { bodyOf, findBelow, isConnected } from "./dom_tree.js";
import { asShownNow, editableIn, emptyPeople, fieldsOf, fileFieldOf, findMailForm, focusedMailForm, otherPeople, writtenIn } from "./mail_forms.js";
import { codeOf, problem } from "./problems.js";
import { findFocused } from "./shadow_roots.js";
import { handOver } from "./webmail_tools.js";
import { api, fieldsPart } from "./world.js";
import { translate } from "../texts/texts.js";

/** @typedef {import("./webmail_tools.js").Adaptor} Adaptor */
/** @typedef {import("./webmail_tools.js").Composer} Composer */
/** @typedef {import("./webmail_tools.js").ShownMessage} ShownMessage */
/** @typedef {import("./frame_host.js").FrameHost} FrameHost */

/** The adaptors of known webmails. @type {Adaptor[]} */
export const adaptors = [sealwax, roundcube, sogo, gmail, outlook];
/** @type {WeakMap<HTMLElement, FrameHost>} */
const hostOf = new WeakMap();
/** The hosts of the places for which a message is being searched. @type {Set<FrameHost>} */
const searching = new Set();
/**
 * The letters that are being written, by the id that the background gave each. `composer` is the webmail's form in
 * which the letter was begun; null for none.
 * @type {Map<string, {webmail: Pick<Adaptor, "send">, composer: Composer | null}>}
 */
const composing = new Map();
/** The elements that a person can choose as text fields. */
const FIELDS = "textarea, input:not([type]), input[type=text], [contenteditable]:not([contenteditable=false])";
/** The error code if nobody knows whether the message was sent. */
const UNKNOWN = "sending-unknown";
/** The height of a mail's frame: three quarters of the window. It adapts when a phone is turned. */
const MAIL_HEIGHT = "75vh";
/**
 * The message that was opened last, with the element that its frame replaces.
 * @type {{element: HTMLElement, id: string} | null}
 */
let opened = null;
/** The element above which a sentence says that this page is not understood. @type {HTMLElement | null} */
let notice = null;

function recognised() {
  return adaptors.find((adaptor) => adaptor.recognises()) ?? anyWebmail;
}

/** @param {HTMLElement} element */
function hostFor(element) {
  const known = hostOf.get(element);
  if (known) return known;
  const { FrameHost } = fieldsPart();
  const host = new FrameHost(element, { isBefore: true, minHeight: MAIL_HEIGHT });
  hostOf.set(element, host);
  return host;
}

/**
 * Offers to open the messages in this page, and to write a message. Opens the only protected message if the person
 * asks.
 * @param {{isAsked?: boolean}} [options] `isAsked`: the person asks for it with the toolbar, the menu or the keyboard
 * @returns {number} the number of offers
 */
export function offerMail({ isAsked = false } = {}) {
  const webmail = recognised();
  try {
    const messages = webmail.messages();
    const composer = webmail.composer();
    dismissUnlessShown(messages);
    const offered = messages.filter(({ isProtected }) => isProtected || isAsked);
    const offers = offered.map((message) => offerReading(webmail, message));
    if (composer) offerWriting(webmail, composer);
    forgetProblem();
    // The only message is opened even without a sign of protection. Webmails that open signed mails themselves show no
    // such sign.
    if (isAsked && !composer && offered.length === 1) offers[0]();
    return offered.length + (composer ? 1 : 0);
  } catch (error) {
    return explain(webmail, error, isAsked);
  }
}

/**
 * Removes the frame of the opened message when the webmail shows no message, shows another message in the same element,
 * or has removed the element. The frame stays if the webmail shows other messages beside it, as in a conversation.
 * @param {ShownMessage[]} messages
 */
function dismissUnlessShown(messages) {
  if (!opened || messages.some(({ id }) => id === opened?.id)) return;
  // A message at which the person has pointed is in no list. Its frame stays while the page has the same address.
  if (opened.id === pickedId() && opened.element.isConnected) return;
  const isReplaced = messages.some(({ element }) => element === opened?.element);
  if (messages.length > 0 && !isReplaced && opened.element.isConnected) return;
  hostOf.get(opened.element)?.dismiss();
  hostOf.delete(opened.element);
  opened = null;
}

/**
 * @param {Adaptor} webmail @param {ShownMessage} message
 * @returns {() => void} opens the message, as a click on the offer does
 */
function offerReading(webmail, { element }) {
  const host = hostFor(element);
  // The message is read again at the click, because the page may show another message by then.
  const readShown = async () => {
    const shown = webmail.messages().find((message) => message.element === element);
    if (shown) await read(webmail, host, shown);
  };
  if (!host.isOpen) host.offer(translate("open_with_sealwax"), readShown, { prepares: "mail" });
  return () => void host.attempt(readShown);
}

/** @param {Adaptor} webmail @param {FrameHost} host @param {ShownMessage} message */
async function read(webmail, host, message) {
  if (host.isOpen || searching.has(host)) return;
  const heldMail = fetchAndHold(message);
  if (message.isSearched) await searched(host, message.element, heldMail);
  opened = { element: message.element, id: message.id };
  host.onAnswer = async (kind) => answer(webmail, kind, await heldMail);
  await host.open({ kind: "mail", smime: "", proposed: [], cms: "" }, "", heldMail);
}

/**
 * Waits for a message that is being searched. If the page removes the place for the message meanwhile, the bar says so.
 * @param {FrameHost} host @param {HTMLElement} element the place of the message @param {Promise<string>} heldMail
 */
async function searched(host, element, heldMail) {
  searching.add(host);
  host.say(translate("mail_searching"));
  try {
    await heldMail;
    if (!isConnected(element)) throw problem("pick-gone");
  } catch (error) {
    if (isConnected(element)) offerOtherRemedies(host, element, error);
    else sayInBar("pick-gone");
    throw error;
  } finally {
    searching.delete(host);
  }
}

/**
 * Offers the remedies if a message was not found. If pointing at the attachment is the only remedy, the person can
 * point at once.
 * @param {FrameHost} host @param {HTMLElement} element @param {unknown} error
 */
function offerOtherRemedies(host, element, error) {
  const remedies = [
    { label: translate("mail_pick"), act: async () => void pickMail() },
    { label: translate("toolbar_teach"), act: async () => void teach() },
  ];
  // Add the buttons later, so that they come after the sentence that `attempt` shows for the error.
  setTimeout(() => {
    host.offerAlso(...remedies);
    if (codeOf(error) !== "part-untold") return;
    // Scroll the element to the middle, because the bar at the edge of the window could cover it.
    element.scrollIntoView({ block: "center" });
    begin(() => startPicking({ ...picking("pick_part_hint"), isHere: true }));
  });
}

/**
 * Looks for the shown mail if the page names no part of it, for example because a webmail hides a signature, or calls a
 * part "noname". If the mail has no S/MIME part, the toolbar's window opens, as on other pages.
 * @returns {Promise<boolean>} false if no control of the webmail can lead to the mail
 */
export async function searchMail() {
  const head = recognised() === anyWebmail ? headOf(document) : null;
  const part = head && partWithoutName(head);
  if (!part) return false;
  // If there is no source, the page must stay unchanged, so do not create a host yet.
  const host = hostOf.get(part.place);
  if (host && (host.isOpen || searching.has(host))) return true;
  if (!await hasSource(part)) return false;
  void openFound(part).catch(() => ask("toolbar.ways", {}).catch(() => {}));
  return true;
}

/** @param {import("./any_webmail/shown_parts.js").ShownPart} part */
async function openFound(part) {
  const host = hostFor(part.place);
  searching.add(host);
  host.say(translate("mail_searching"));
  const bytes = await fetchShownMail(part).finally(() => {
    searching.delete(host);
    host.withdraw();
  });
  await openAbove({ element: part.place, id: pickedId(), isProtected: true, fetchSource: async () => bytes });
}

/** Lets the person point at a link or button that leads to a mail, and opens the mail. Returns whether the pointing has begun. */
export function pickMail() {
  return begin(() => startPicking(picking("pick_mail_hint")));
}

/** @param {string} hint @returns {import("./any_webmail/picker.js").Choice} */
function picking(hint) {
  return { hint: translate(hint), selector: LINKS_AND_BUTTONS, choose: (element) => void openPicked(element) };
}

/** Begins an action that needs the bar. A document without a body, such as an SVG, cannot show it. @param {() => void} act */
function begin(act) {
  if (!bodyOf(document)) return false;
  act();
  return true;
}

/** The id of a message at which the person has pointed in this page. */
function pickedId() {
  return `picked ${location.href}`;
}

/** @param {HTMLElement} element */
async function openPicked(element) {
  const part = partAt(element);
  if (!part) return fieldsPart().noteErrorFor(element, problem("pick-no-mail"));
  await openAbove({
    element: part.place, id: pickedId(), isProtected: true, isSearched: true, fetchSource: () => fetchChosen(element, part),
  });
}

/** Opens a message that is not in the list of the page's messages. @param {ShownMessage} message */
async function openAbove(message) {
  const host = hostFor(message.element);
  if (!host.isOpen) host.offer(translate("open_with_sealwax"), () => read(anyWebmail, host, message));
  await host.attempt(() => read(anyWebmail, host, message));
}

/** Lets the person teach the extension where this webmail has the source of a mail. Returns whether the teaching has begun. */
export function teach() {
  return begin(() => startTeaching(() => offerMail({ isAsked: true })));
}

/** Lets the person teach the extension this webmail's form for writing. Returns whether the teaching has begun. */
export function teachForm() {
  return begin(() => startTeachingForm(() => void writeMailForm()));
}

/** Lets the person point at a text field to encrypt. Returns whether the pointing has begun. */
export function pickField() {
  return begin(() => startPicking({ hint: translate("pick_field_hint"), selector: FIELDS, choose: (element) => void protect(element) }));
}

/** Encrypts a field. A field of a form for mail opens the message window. @param {HTMLElement} element */
async function protect(element) {
  element.focus();
  if (element === findFocused() && await findForm() === "field") await writeMailForm();
  else if (!fieldsPart().activate(element)) fieldsPart().noteErrorFor(element, problem("pick-no-field"));
}

/**
 * Whether this document has a form for mail.
 * @returns {Promise<"field" | "frame" | "taught" | "">} "field" if the form has the focus, "frame" if a frame of the form
 *   has it, "taught" if the person has taught the form, "" for none
 */
export async function findForm() {
  try {
    const taught = await taughtForm();
    const focused = findFocused();
    const isIn = taught && [taught.editor, taught.subject, ...taught.found.map(({ element }) => element)].some((field) => field === focused);
    return isIn ? "field" : findMailForm() || (taught ? "taught" : "");
  } catch (error) {
    // An error is shown only if the taught form has changed. Other errors are ignored, for example in a frame without
    // an origin, which has no recipe.
    const { element } = /** @type {{element?: HTMLElement}} */ (error);
    if (element) fieldsPart().noteErrorFor(element, error);
    return findMailForm();
  }
}

/** Opens the message window without a form, if this webmail sends whole messages. @returns {Promise<boolean>} */
export async function writeNew() {
  const webmail = recognised();
  if (webmail.answer || (await ownDelivery(webmail)) !== "raw") return false;
  await openLetter(webmail, { kind: "new", from: "", to: [], cc: [], subject: "", text: "", mail: "", deliver: "raw" });
  return true;
}

/** How a letter leaves that has no form of the webmail. @param {Adaptor} webmail @returns {Promise<"raw" | "file">} */
async function ownDelivery(webmail) {
  return (await webmail.delivery().catch(() => "file")) === "raw" ? "raw" : "file";
}

/** @param {ShownMessage} message */
async function fetchAndHold(message) {
  return (await ask("mail.hold-opened", { bytes: await message.fetchSource() })).mail;
}

/**
 * Answers or forwards the message in the frame.
 * @param {Adaptor} webmail @param {string} kind @param {string} mail the id of the message in the background
 * @returns {Promise<string>} the code of a problem, or ""
 */
async function answer(webmail, kind, mail) {
  try {
    // A receipt always has its own window, because the person cannot write it in the webmail's form.
    const isReceipt = kind === "receipt";
    // A webmail that sends only from its own form opens that form. The person continues with the extension's button
    // above the form.
    if (webmail.answer && !isReceipt) {
      await webmail.answer(kind);
      return "";
    }
    const deliver = await (isReceipt ? ownDelivery(webmail) : webmail.delivery());
    if (deliver === "attachment") return "answer-in-webmail";
    await openLetter(webmail, { kind, from: "", to: [], cc: [], subject: "", text: "", mail, deliver });
    return "";
  } catch (error) {
    return codeOf(error) ?? "unknown";
  }
}

/** @param {Adaptor} webmail @param {Composer} composer */
function offerWriting(webmail, composer) {
  hostFor(composer.element).offer(translate("mail_write"), () => write(webmail, composer));
}

/**
 * Gives the message that is answered or forwarded to the background.
 * @param {Composer} composer @returns {Promise<string>} the message's id in the background, or ""
 */
async function holdOriginal(composer) {
  const original = await composer.fetchOriginal();
  return original ? (await ask("mail.hold-original", { bytes: original })).mail : "";
}

/** @param {Adaptor} webmail @param {Composer} composer */
async function write(webmail, composer) {
  const [original, deliver] = await Promise.all([holdOriginal(composer), webmail.delivery()]);
  await openLetter(webmail, { ...composer.fields(), mail: original, deliver }, composer);
}

/**
 * @param {Pick<Adaptor, "send">} webmail
 * @param {object} letter
 * @param {Composer | null} [composer] the webmail's own form, if the letter was begun there
 */
async function openLetter(webmail, letter, composer = null) {
  const { compose } = await ask("compose.open", { bcc: [], ...letter });
  composing.set(compose, { webmail, composer });
}

/**
 * Opens the extension's window for the mail in the focused form, because recipients could not open an encrypted field.
 */
export async function writeMailForm() {
  const focused = findFocused();
  let place = focused;
  try {
    const webmail = recognised();
    const composer = focused && composerAround(webmail, focused);
    if (composer) return await write(webmail, composer);
    const form = await taughtForm().catch(() => null) ?? focusedMailForm();
    if (!form) return;
    place ??= form.editor;
    const deliver = fileFieldOf(form) ? "attachment" : "file";
    const letter = fieldsOf(form);
    // Each difference is shown only once.
    let reportedPeople = "";
    const send = async (/** @type {ComposedMessage} */ done) => {
      const others = otherPeople(asShownNow(form), done.envelope).join(" ");
      const isNew = others !== "" && others !== reportedPeople;
      reportedPeople = others;
      if (isNew) throw problem("mail-form-people");
      await attach(form, letter.text, done);
    };
    await openLetter({ send }, { ...letter, mail: "", deliver });
    fieldsPart().noteFor(place, translate("mail_form_note"));
  } catch (error) {
    if (place) fieldsPart().noteErrorFor(place, error);
  }
}

/**
 * The webmail's composer around the editor with the focus.
 * @param {Adaptor} webmail @param {HTMLElement} place
 */
function composerAround(webmail, place) {
  try {
    const composer = webmail.composer();
    return composer && (place === composer.element || findMailForm()) ? composer : null;
  } catch {
    // If the adaptor does not understand the page, the page is treated like a page without an adaptor.
    return null;
  }
}

/**
 * Attaches the encrypted message in a form of a webmail without an adaptor. The person sends the form. Throws `mail-form-changed`
 * if the form's text has changed since the message window opened, because it may belong to another letter.
 * @param {import("./mail_forms.js").MailForm} form @param {string} begun the text that the form had @param {ComposedMessage} done
 */
async function attach(form, begun, done) {
  const { editor, subject } = form;
  const text = editor instanceof HTMLIFrameElement ? editableIn(editor) : editor;
  const files = fileFieldOf(form);
  if (![editor, subject, files].every((element) => element?.isConnected)) throw problem("page-not-understood");
  const written = settle(writtenIn(editor));
  if (![begun, done.sentence, ""].some((known) => settle(known) === written)) throw problem("mail-form-changed");
  await handOver(done, { text, files, title: subject, people: emptyPeople(form) });
}

/** A text without the blanks that editors change. @param {string} text */
function settle(text) {
  return text.replace(/\s+/gu, " ").trim();
}

/**
 * Says that the extension does not understand the page of a webmail. Without this sentence a person might not notice
 * that the button is missing, and write unencrypted.
 * @param {Adaptor} webmail @param {unknown} error @param {boolean} isAsked
 */
function explain(webmail, error, isAsked) {
  if (codeOf(error) !== "page-not-understood") throw error;
  notice ??= /** @type {HTMLElement} */ (findBelow(document, "body :is(main, [role=main], form, div)")[0] ?? bodyOf(document));
  const host = hostFor(notice);
  if (isAsked) host.offer(translate("mail_open_viewer"), () => ask("viewer.open", { mail: "" }));
  host.say(translate("mail_not_understood", { name: webmail.name }));
  return 1;
}

/** Removes the sentence of `explain` when the page is understood. The page may have been incomplete at that time. */
function forgetProblem() {
  if (!notice) return;
  hostFor(notice).withdraw();
  hostOf.delete(notice);
  notice = null;
}

/**
 * Has the webmail send a message from the extension's window.
 * @param {ComposedMessage & {compose: string}} body
 * @returns {Promise<{sent: boolean | null, problem: string}>} `sent` is null if nobody knows whether it was sent
 */
async function deliver({ compose, ...done }) {
  const asking = composing.get(compose);
  if (!asking) return { sent: false, problem: "page-gone" };
  try {
    // The form from which the window was opened gets the message, even if the person has begun to write in another form
    // since.
    await asking.webmail.send({ ...done, sentence: translate("mail_sentence") }, asking.composer?.element);
    if (!done.more) composing.delete(compose);
    return { sent: true, problem: "" };
  } catch (error) {
    // Errors of adaptors have a code. An error without a code may have happened after the message was sent.
    const code = codeOf(error) ?? UNKNOWN;
    return { sent: code === UNKNOWN ? null : false, problem: code };
  }
}

/** Starts to receive messages from the extension's window for sending. */
export function takeLetters() {
  api.runtime.onMessage.addListener((message, sender, reply) => {
    // Messages for pages come only from the background, which is in no tab.
    if (sender.id !== api.runtime.id || sender.tab || message?.type !== "compose.done") return undefined;
    void deliver(message.body).then(reply);
    return true;
  });
}
