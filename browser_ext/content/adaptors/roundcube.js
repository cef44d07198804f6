/**
 * Roundcube 1.4 and later.
 *
 * Reading: the adaptor fetches the message with the action `viewsource` and the session of the page.
 *
 * Sending: Roundcube sets its own Content-Type on messages that it composes, so it cannot compose an encrypted message.
 * But it can import a message into a folder, and resend a stored message unchanged ("bounce", which only puts Resent-
 * fields on top, RFC 5322 section 3.6.6). The adaptor imports the encrypted message into the drafts, checks that the
 * stored copy is the same, resends it, and moves it to the sent mail. If an administrator has switched off the import
 * or the resending, the encrypted message goes as an attachment.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { headerField } from "../../../wasm_build/ui/mail_header.js";
import { mayNamePart } from "../any_webmail/part_names.js";
import { codeOf, problem } from "../problems.js";
import { isWebmail } from "../webmail_signs.js";
import { fetchFrom, fetchMessage, isSameMessage, messageFile, sendTo } from "../webmail_tools.js";

/** The part of Roundcube's answer that is the same in all languages if an administrator has switched off an action. */
const SWITCHED_OFF = "(404)";
/** The CSS classes of S/MIME attachments. Roundcube makes them from the type and the end of the name. */
const KINDS = ".pkcs7-mime, .x-pkcs7-mime, .pkcs7-signature, .x-pkcs7-signature, .p7m, .p7s";
/** @type {Promise<"raw" | "attachment"> | null} */
let delivery = null;

/**
 * Reads the settings of the page's own program from the text of its scripts: `rcmail.set_env({…})`. Content scripts run
 * in an isolated world and cannot read the variables of the page.
 */
function environment(page = document) {
  // Scripts in a mail's text do not count, even if Roundcube has not removed them.
  const scripts = [...page.querySelectorAll("script:not([src], #messagebody *)")].map(({ textContent }) => textContent ?? "");
  const texts = scripts.flatMap((text) => [...text.matchAll(/^rcmail\.set_env\((\{.*\})\);\s*$/gm)]);
  return Object.assign({}, ...texts.map(([, json]) => parse(json ?? "")));
}

/** @param {string} json */
function parse(json) {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

function recognises() {
  return isWebmail("Roundcube") && (document.body?.matches("[class*='task-']") || environment().task !== undefined);
}

/** The action of the page according to the class of its body, for pages whose settings name no action. Some skins set this class. */
function actionByLooks() {
  return /\baction-(\w+)/.exec(document.body.className)?.[1] ?? "";
}

/** @param {Record<string, string>} query */
function address(query) {
  const url = new URL(environment().comm_path ?? "./", location.href);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** @param {string} uid @param {string} folder */
function fetchSource(uid, folder) {
  return fetchMessage(address({ _task: "mail", _action: "viewsource", _uid: uid, _mbox: folder, _save: "1", _token: token() }));
}

/** The token against forged requests (CSRF), which proves that a request comes from the page. */
function token() {
  const value = environment().request_token;
  if (typeof value !== "string") throw problem("page-not-understood");
  return value;
}

/** @returns {import("../webmail_tools.js").ShownMessage[]} */
function messages() {
  const { action = actionByLooks(), uid, mailbox } = environment();
  if (action !== "show" && action !== "preview") return [];
  const element = document.getElementById("messagebody");
  if (!element || !uid || typeof mailbox !== "string") throw problem("page-not-understood");
  // A message can be attached to another one under the usual name of the part, as `smime.p7m.eml`.
  const list = document.getElementById("attachment-list");
  const isProtected = list !== null && (mayNamePart(list) || list.querySelector(KINDS) !== null);
  return [{ element, id: `${mailbox} ${uid}`, isProtected, fetchSource: () => fetchSource(String(uid), mailbox) }];
}

/** Opens Roundcube's own form for an answer. The form adds the thread's header fields. @param {string} kind */
async function answer(kind) {
  const { uid, mailbox } = environment();
  const compose = address({ _task: "mail", _action: "compose", _mbox: String(mailbox) });
  compose.searchParams.set(kind === "forward" ? "_forward_uid" : "_reply_uid", String(uid));
  if (kind === "replyAll") compose.searchParams.set("_all", "all");
  // The form replaces the whole page, because the message may be shown in a frame of that page.
  open(compose, "_top");
}

/** The end of each address in a list that Roundcube has written itself. It is used only to count the addresses. */
const ENDS_OF_ADDRESSES = /@[^\s@<>,;"]+>?\s*(?=[,;]|$)/gu;

/** Whether this is the page for writing. */
function isForm() {
  return (environment().action ?? actionByLooks()) === "compose";
}

function composer() {
  if (!isForm()) return null;
  // Each skin gives the text field another id.
  const element = document.querySelector("textarea[name=_message]");
  const form = element?.closest("form");
  if (!(element instanceof HTMLTextAreaElement) || !form) throw problem("page-not-understood");
  // The button is not beside the text field itself, because Roundcube's own buttons cover the edge of the field.
  const place = document.getElementById("composebodycontainer") ?? element;
  return { element: place, fields: () => fields(form, element), fetchOriginal };
}

/** @param {HTMLFormElement} form @param {HTMLTextAreaElement} body */
function fields(form, body) {
  const field = (/** @type {string} */ name) => /** @type {{value?: string, defaultValue?: string} | null} */ (form.elements.namedItem(name));
  const value = (/** @type {string} */ name) => field(name)?.value ?? "";
  const { compose_mode: mode } = environment();
  // Roundcube does not say whether an answer goes to all, so count the first recipients. Recipients that the person has
  // added do not count.
  const begun = [field("_to"), field("_cc")].flatMap((input) => [...(input?.defaultValue ?? "").matchAll(ENDS_OF_ADDRESSES)]);
  const reply = begun.length > 1 ? "replyAll" : "reply";
  const kind = mode === "reply" ? reply : mode === "forward" ? "forward" : "new";
  return { kind, from: senderOf(value("_from")), to: [value("_to")], cc: [value("_cc")], subject: value("_subject"), text: typedText(body, kind) };
}

/**
 * The text that the person typed, without Roundcube's own quotation.
 * @param {HTMLTextAreaElement} body @param {string} kind
 */
function typedText(body, kind) {
  const editor = document.getElementById(`${body.id}_ifr`);
  const written = editor instanceof HTMLIFrameElement ? editor.contentDocument?.body.innerText : body.value;
  const untouched = body.value === body.defaultValue && !editor;
  return kind !== "new" && untouched ? "" : (written ?? "").trimEnd();
}

/** @param {string} identity the number of a Roundcube identity, or an address */
function senderOf(identity) {
  return environment().identities?.[identity]?.email ?? identity;
}

/**
 * The bytes of the message that is answered or forwarded; null when there is none.
 * @returns {Promise<ArrayBuffer | null>}
 */
async function fetchOriginal() {
  const { reply_msgid: id, mailbox, compose_mode: mode } = environment();
  if (!id || (mode !== "reply" && mode !== "forward")) return null;
  // For a message without a Message-ID, Roundcube gives the message's number in the folder, such as "mid:7". This
  // number is not the UID.
  const number = /^mid:(\d+)$/.exec(id)?.[1];
  const uids = await (number ? search(number, mailbox) : find(id, mailbox));
  // If two messages have the same Message-ID, an attacker may have sent one of them so that a wrong text is quoted. So
  // neither message is quoted.
  if (uids.length !== 1) return null;
  const bytes = await fetchSource(uids[0] ?? "", mailbox);
  // The search also finds longer Message-IDs that contain this one.
  return bareId(headerField(bytes, "Message-ID")) === (number ? "" : bareId(id)) ? bytes : null;
}

/** A Message-ID without its brackets. @param {string} id */
function bareId(id) {
  return id.replaceAll(/[<>]/g, "").trim();
}

/** The numbers of the messages whose Message-ID contains this one, oldest first. @param {string} id @param {string} folder */
async function find(id, folder) {
  // Roundcube leaves "<…>" out of a request, as if it were markup. An empty name would match every message.
  const name = bareId(id).replaceAll(/["\\\r\n]/g, "");
  return name ? search(`HEADER MESSAGE-ID "${name}"`, folder) : [];
}

/** The UIDs of the messages that an IMAP search finds, oldest first. @param {string} filter @param {string} folder */
async function search(filter, folder) {
  const { exec = "" } = await ask({ _action: "search", _mbox: folder, _filter: filter, _scope: "base" });
  const uids = [...exec.matchAll(/add_message_row\("?(\d+)/g)].map(([, uid]) => Number(uid));
  return uids.sort((uid, other) => uid - other).map(String);
}

/** @param {Record<string, string>} query @param {BodyInit} [body] @returns {Promise<{exec?: string}>} */
async function ask(query, body) {
  const headers = { "X-Roundcube-Request": token() };
  const url = address({ _task: "mail", _remote: "1", ...query });
  return parse(await (await fetchFrom(url, body ? { method: "POST", headers, body } : { headers })).text());
}

/** Finds out whether this installation can import and resend messages ("raw"), or sends the encrypted message as an attachment. */
async function deliveryWay() {
  const [bounced, imported] = await Promise.all(["bounce", "import"].map((_action) => ask({ _action })));
  // These test requests name no message, so Roundcube 1.4 and later answer with an error. Earlier versions have no
  // action "bounce".
  const isThere = Boolean(bounced?.exec) && imported?.exec !== undefined;
  return isThere && !`${bounced?.exec} ${imported?.exec}`.includes(SWITCHED_OFF) ? "raw" : "attachment";
}

/** @param {ComposedMessage} done */
async function send(done) {
  await (done.deliver === "raw" ? sendRaw(done) : sendAttached(done));
  // The page stays open if it has to send more copies (for people in Bcc), or if it shows the mail for which a receipt
  // is sent.
  if (done.more || !isForm()) return;
  location.assign(address({ _task: "mail", _mbox: environment().mailbox ?? "INBOX" }));
}

/** @param {ComposedMessage} done */
async function sendRaw({ message: bytes, envelope }) {
  const form = isForm() ? document : await fetchForm();
  const { drafts_mailbox: drafts } = environment(form);
  if (!drafts) throw problem("no-drafts-folder");
  const from = identityOf(envelope.from, form);
  const uid = await store(bytes, drafts);
  try {
    await sendOn(uid, drafts, bytes, { ...envelope, from });
  } catch (error) {
    // A message that was perhaps sent stays in the drafts, because the drafts hold its only copy.
    if (codeOf(error) !== "sending-unknown") await remove(uid, drafts);
    throw error;
  }
  await putAway(uid, drafts, storeTarget(form));
}

/** Loads the page for writing, if the message was not begun in it. The page names the identities and the folders. */
async function fetchForm() {
  const response = await fetchFrom(address({ _task: "mail", _action: "compose" }));
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/**
 * Resends a stored message, if it is equal to the encrypted one.
 * @param {string} uid @param {string} drafts @param {ArrayBuffer} bytes
 * @param {ComposedMessage["envelope"]} envelope `from` is the number of Roundcube's identity
 */
async function sendOn(uid, drafts, bytes, envelope) {
  if (!isSameMessage(await fetchSource(uid, drafts), bytes)) throw problem("webmail-altered-message");
  const form = new URLSearchParams({
    _token: token(), _uid: uid, _mbox: drafts, _from: envelope.from, _to: envelope.to.join(", "),
    _cc: envelope.cc.join(", "), _bcc: envelope.bcc.join(", "), _store_target: "", _framed: "1",
  });
  expectConfirmation(await (await sendTo(address({ _task: "mail", _action: "bounce" }), { method: "POST", body: form })).text());
}

/**
 * Imports a message into a folder.
 * @param {ArrayBuffer} bytes @param {string} folder @returns {Promise<string>} the message's number in the folder
 */
async function store(bytes, folder) {
  const id = headerField(bytes, "Message-ID");
  if (!id) throw problem("page-not-understood", "the message has no Message-ID");
  const form = new FormData();
  form.append("_file[]", new Blob([bytes], { type: "message/rfc822" }), "message.eml");
  await ask({ _action: "import", _mbox: folder }, form);
  const uid = (await find(id, folder)).at(-1);
  if (!uid) throw problem("webmail-refused");
  return uid;
}

/** @param {string} from an address @param {Document} [form] @returns {string} the number of Roundcube's identity */
function identityOf(from, form) {
  /** @type {[string, {email?: string}][]} */
  const identities = Object.entries(environment(form).identities ?? {});
  const identity = identities.find(([, { email }]) => email !== undefined && addressKey(email) === addressKey(from));
  if (!identity) throw problem("sender-unknown");
  return identity[0];
}

/**
 * Moves the copy in the drafts to the sent mail, where it counts as read. The message has been sent already, so a
 * failure here is ignored.
 * @param {string} uid @param {string} drafts @param {string} folder
 */
async function putAway(uid, drafts, folder) {
  if (!folder) return remove(uid, drafts);
  await act("mark", { _uid: uid, _mbox: drafts, _flag: "read" });
  await act("move", { _uid: uid, _mbox: drafts, _target_mbox: folder });
}

/** @param {string} uid @param {string} folder */
async function remove(uid, folder) {
  await act("delete", { _uid: uid, _mbox: folder });
}

/** Runs an action on a stored message. A failure is ignored. @param {string} action @param {Record<string, string>} fields */
async function act(action, fields) {
  await ask({ _action: action }, new URLSearchParams(fields)).catch(() => {});
}

/**
 * Throws unless Roundcube's answer is a confirmation. Reads only the kind of the answer ("confirmation", "error"),
 * because its sentence is in the person's language.
 * @param {string} answer
 */
function expectConfirmation(answer) {
  const says = (/** @type {string[]} */ ...kinds) => answer.split(";").some((call) => {
    const at = call.search(/(?:display_message|sent_successfully)\(/);
    return at >= 0 && kinds.some((kind) => call.includes(`"${kind}"`, at));
  });
  if (says("confirmation")) return;
  throw problem(says("error", "warning") ? "webmail-refused" : "sending-unknown");
}

/** Sends a message as the attachment of a message that Roundcube composes. @param {ComposedMessage} done */
async function sendAttached({ message: bytes, envelope, subject, sentence }) {
  const { compose_id: compose } = environment();
  const upload = new FormData();
  upload.append("_attachments[]", messageFile(bytes));
  const { exec = "" } = await ask({ _action: "upload", _id: compose, _uploadid: `upload${Date.now()}` }, upload);
  const attachment = /add2attachment_list\("rcmfile(\w+)"/.exec(exec)?.[1];
  if (!attachment) throw problem("webmail-refused");
  const form = new URLSearchParams({
    _token: token(), _id: compose, _from: identityOf(envelope.from), _to: envelope.to.join(", "),
    _cc: envelope.cc.join(", "), _bcc: envelope.bcc.join(", "), _subject: subject, _message: sentence, _is_html: "0",
    _attachments: attachment, _framed: "1", _store_target: storeTarget(),
  });
  expectConfirmation(await (await sendTo(address({ _task: "mail", _action: "send" }), { method: "POST", body: form })).text());
}

function storeTarget(page = document) {
  return /** @type {HTMLSelectElement | null} */ (page.querySelector("select[name=_store_target]"))?.value ?? "";
}

/** @type {import("../webmail_tools.js").Adaptor} */
export const roundcube = {
  name: "Roundcube", recognises, messages, composer, answer, send,
  delivery: () => (delivery ??= deliveryWay().catch(() => "attachment")),
};
