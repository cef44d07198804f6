/**
 * Letters that the person writes in a window of the extension for a webmail, from the opening of the window to the
 * sending. The text that is written in the window passes through the background encrypted until the message is
 * finished. The text with which a window begins is not encrypted. The page already has this text, or the text is the
 * extension's own request for a certificate. The finished message goes only to the document that asked for the window.
 */
import { api } from "../../shared/api.js";
import { RequestError, required } from "../../shared/messages.js";
import { tellProgress } from "../../shared/progress.js";
import { placeOf, siteOf, sitesAround } from "../browser/ancestors.js";
import * as bridge from "./bridge.js";
import * as clearMail from "./clear_mail.js";
import * as bridgeDrafts from "./bridge_drafts.js";
import * as database from "../../shared/database.js";
import * as drafts from "./drafts.js";
import { hashOf } from "../browser/hashes.js";
import * as keys from "../keys/keys.js";
import * as mails from "../mail/mails.js";
import * as memory from "../browser/memory.js";
import * as parcelServer from "../parcels/parcel_server.js";
import * as preferences from "../browser/preferences.js";
import { openUnlessAsking } from "../browser/prompt_window.js";
import { readProposed } from "../people/proposed_people.js";
import * as receipts from "../mail/receipts.js";
import * as recipientSearch from "../people/recipient_search.js";
import { hasTab, showTab } from "../browser/tabs.js";
import * as timestamps from "./timestamps.js";
import * as trust from "../people/trust.js";
import * as vault from "../keys/vault_link.js";
import * as writing from "./writing.js";

const PAGE = "compose/compose.html";
const SIZE = { width: 760, height: 860 };
const HANDED_OVER = "handed-over";
/** The window shows at most this number of bytes of a message after it was sent. */
export const SHOWN_BYTES = 8_000;

/**
 * One message of a letter. `readers` are the fingerprints of the certificates of its recipients.
 * @typedef {{
 *   envelope: {from: string, to: string[], cc: string[], bcc: string[]}, recipients: ArrayBuffer[], readers: string[], usesPassword: boolean,
 *   readsHeaders?: boolean,
 * }} Copy `readsHeaders`: the program of each recipient is known to read protected header fields
 */
/**
 * The result of a delivery. `files` are the messages if no webmail sends them; `shown` is the beginning of the first message;
 * `byBridge` is the outcome if the letter was sent through the bridge.
 * @typedef {{
 *   sent: boolean, problem: string, files: ArrayBuffer[], shown: ArrayBuffer | null, byBridge?: import("./bridge_sending.js").Result,
 * }} Delivered
 */
/** A letter that is ready to be sent. @typedef {BodyOf<"compose.save">} Letter */

/**
 * Opens the window for a letter that a page's content script or the viewer asks for. Letters that are begun in the
 * viewer are saved as files, since there is no webmail.
 * @param {BodyOf<"compose.open">} body @param {Sender} sender
 */
export async function open({ kind, from, to, cc, bcc, subject, mail, text, deliver }, sender) {
  const tabId = required(sender.tab?.id, "bad-request");
  const isViewer = sender.url?.startsWith(api.runtime.getURL("")) ?? false;
  const place = isViewer ? { origin: "", ancestors: [] } : await placeOf(sender);
  return openWindow({
    id: crypto.randomUUID(), tabId, pageFrameId: sender.frameId ?? 0, ...place,
    kind, from, to, cc, bcc, subject, mail, text, deliver: isViewer ? "file" : deliver, sign: true, encrypt: true, copies: {},
  });
}

/**
 * Opens another window with a letter that asks somebody for a certificate. The letter is signed, so that the answer can
 * be encrypted.
 * @param {BodyOf<"compose.ask">} body @param {Sender} sender
 */
export async function askFor({ composition: id, address, subject, text }, sender) {
  const asking = await ofWindow(id, sender);
  await openWindow({
    ...asking, id: crypto.randomUUID(), windowTabId: undefined, kind: "new", to: [address], cc: [], bcc: [], subject, text, mail: "",
    sign: true, encrypt: false, copies: {},
  });
}

/** @param {CompositionRecord} composition */
async function openWindow(composition) {
  await save(composition);
  const url = api.runtime.getURL(`${PAGE}?composition=${composition.id}`);
  await openUnlessAsking(composition.tabId, () => api.windows.create({ url, type: "popup", ...SIZE })).catch(async (error) => {
    await memory.forget(nameIn(composition.id));
    throw error;
  });
  return { compose: composition.id };
}

/**
 * The first content of the window. A letter goes to the first window that claims it, and to no other.
 * @param {BodyOf<"compose.claim">} body @param {Sender} sender
 */
export async function claim({ composition: id }, sender) {
  const composition = await load(id);
  if (composition.windowTabId !== undefined && composition.windowTabId !== sender.tab?.id) throw new RequestError("bad-request");
  const receiptRequest = composition.kind === "receipt" ? await mails.readAsked(composition.mail) : null;
  if (receiptRequest) composition.receipt = { id: receiptRequest.id, to: receiptRequest.to };
  await save({ ...composition, windowTabId: sender.tab?.id });
  const { origin, kind, from, to, cc, bcc, subject, text, mail, deliver, sign, encrypt } = composition;
  // A letter that is begun in the viewer has no site. The person consents with the click on the viewer's button for the
  // answer.
  const siteKnown = !origin || Boolean(await database.get("sites", siteOf(composition)));
  return {
    question: await questionOf(composition), ...(await writing.read()), origin, around: sitesAround(composition), kind,
    ...(await readProposed({ from, to, cc, bcc })), subject, text, mail, deliver, sign, encrypt, siteKnown, asked: receiptRequest,
    identities: await keys.identities(), drafts: await drafts.list(), directory: (await preferences.read()).directory,
    bridge: await bridge.read(), clear: await clearMail.read(),
  };
}

/**
 * The question to which the person's answer is bound. The question contains the facts about the asking page, the
 * receipt that is asked for, the timestamp service and the policy of labels, as the letter's window shows them. The
 * question need not contain the letter, its readers and its key, since the answer itself names them.
 * @param {CompositionRecord} composition
 */
async function questionOf(composition) {
  const { origin, kind, mail, deliver, receipt = null } = composition;
  return { kind: "letter", origin, around: sitesAround(composition), way: kind, mail, deliver, receipt, ...(await writing.read()) };
}

/** @param {BodyOf<"compose.send" | "compose.save" | "receipt.send" | "receipt.save" | "parcel.plan" | "parcel.finish">} body @param {Sender} sender */
export async function question({ composition }, sender) {
  return questionOf(await ofWindow(composition, sender));
}

/** The current identities. Another window may have locked or added some since the letter's window was opened. */
export const listIdentities = forWindow((/** @type {BodyOf<"compose.identities">} */ _) => keys.identities());

export const unlock = forWindow((/** @type {BodyOf<"compose.unlock">} */ { keyFile, passphrase }) =>
  keys.unlock({ keyFile, passphrase }));

/** The mail that is answered or forwarded, encrypted for the window. */
export const original = forWindow(async (/** @type {BodyOf<"compose.original">} */ { replyKey }, { mail }) =>
  vault.call("letter.original", { mail, replyKey, ...(await keys.unlocked()), ...(await trust.judging()) }));

/**
 * A mail as a file, for forwarding it whole. The body of the request names the mail, since a draft may forward another
 * mail than the mail for which the window was opened.
 */
export const whole = forWindow(async (/** @type {BodyOf<"compose.whole">} */ { mail, isEncrypted, replyKey }) =>
  vault.call("letter.whole", { mail, isEncrypted, replyKey, ...(await keys.unlocked()) }));

/**
 * Looks up an address at the writer's bridge. Returns the certificates with their judgements, the best first. If the
 * best certificate is usable, it is stored in `people`.
 */
export const lookUp = forWindow((/** @type {BodyOf<"compose.look-up">} */ { address }) => recipientSearch.lookUp(address));

/** The mailboxes (names and addresses) in a text that the person has typed. */
export const readAddresses = forWindow(async (/** @type {BodyOf<"compose.addresses">} */ { text }) =>
  (await vault.call("addresses.read", { texts: [text] })).mailboxes[0] ?? []);

/** The known people, with whom a typed recipient can be completed. */
export const listPeople = forWindow((/** @type {BodyOf<"compose.people">} */ _) => recipientSearch.listPeople());

/** The known certificates of an address, with their judgements, the best first. */
export const check = forWindow((/** @type {BodyOf<"compose.check">} */ { address }) => recipientSearch.checksFor(address));

/**
 * Judges a certificate file that the person picked. The certificate is stored in `people` if it can be used for this
 * address.
 */
export const takeCertificate = forWindow((/** @type {BodyOf<"compose.certificate">} */ { address, name, bytes }) =>
  recipientSearch.takeFile({ address, name, bytes }));

/** Remembers the way to people without a certificate. */
export const rememberWay = forWindow((/** @type {BodyOf<"compose.remember">} */ body) => clearMail.remember(body));

/** @param {BodyOf<"compose.keep">} body @param {Sender} sender */
export async function keepDraft(body, sender) {
  await ofWindow(body.composition, sender);
  await drafts.keep(body);
  // The window does not wait for the bridge.
  void bridgeDrafts.keep(body.draft, body.identity);
}

/** The drafts that are only at the person's bridge. */
export const listBridgeDrafts = forWindow((/** @type {BodyOf<"compose.list-drafts">} */ _) => bridgeDrafts.list());

/** Brings a draft from the bridge to this browser. */
export const fetchBridgeDraft = forWindow((/** @type {BodyOf<"compose.fetch-draft">} */ { draft }) => bridgeDrafts.bring(draft));

export const openDraft = forWindow((/** @type {BodyOf<"compose.restore">} */ body) => drafts.open(body));

export const dropDraft = forWindow((/** @type {BodyOf<"compose.drop">} */ { draft }) => bridgeDrafts.drop(draft));

/**
 * Makes one message for To and Cc and one for each Bcc, and gives them to the webmail one after the other. A message
 * that the webmail has accepted is not given to it again. If the webmail did not answer, it is unknown whether the
 * message was sent. A call without `again` then rejects with `sending-unknown`.
 * @param {BodyOf<"compose.send">} body @param {Sender} sender
 * @returns {Promise<Delivered>}
 */
export async function send(body, sender) {
  const composition = await unlessBegun(body, sender);
  // Reject if the bridge has sent, or perhaps sent, the letter or some of its copies.
  const byBridge = Object.values(body.draft ? await drafts.sending(body.draft) : {});
  if (!body.again && byBridge.some(({ state }) => state !== "refused")) throw new RequestError("sending-unknown");
  const named = await Promise.all((await planCopies(body)).map(async (copy) => ({ ...copy, name: await copyName(copy, body.version) })));
  if (!body.anew) checkTaken(composition, named);
  const copies = named.filter(({ name }) => composition.copies[name] !== "taken");
  return handOver(composition, copies, await makeMessages(body, copies));
}

/**
 * Rejects with `sending-earlier` if the webmail has accepted a message of this letter with other recipients or another
 * text.
 * @param {CompositionRecord} composition @param {{name: string}[]} named the messages that are to be sent
 */
function checkTaken({ copies }, named) {
  const planned = new Set(named.map(({ name }) => name));
  const isStray = Object.entries(copies).some(([name, state]) => state === "taken" && !planned.has(name));
  if (isStray) throw new RequestError("sending-earlier");
}

/**
 * Is called before the bridge sends a letter. Rejects with `sending-unknown` if the webmail already has messages of the
 * letter.
 * @param {CompositionRecord} composition @param {{again: boolean}} body
 */
export function checkHandedOver({ copies }, { again }) {
  if (!again && Object.values(copies).some((state) => state !== "refused")) throw new RequestError("sending-unknown");
}

/**
 * The letter that a window sends. Rejects with `sending-unknown` if an earlier try has perhaps sent it.
 * @param {BodyOf<"compose.send" | "receipt.send">} body @param {Sender} sender
 */
export async function unlessBegun({ composition: id, again }, sender) {
  const composition = await ofWindow(id, sender);
  if (!again && Object.values(composition.copies).includes("begun")) throw new RequestError("sending-unknown");
  return composition;
}

/**
 * Gives the finished messages to the webmail one after the other.
 * @param {CompositionRecord} composition
 * @param {{envelope: Copy["envelope"], name: string}[]} copies @param {{messages: ArrayBuffer[], subject: string}} made
 */
export async function handOver(composition, copies, { messages, subject }) {
  const shown = messages[0]?.slice(0, SHOWN_BYTES) ?? null;
  if (composition.deliver === "file") return { sent: true, problem: "", files: messages, shown };
  const sizes = messages.map((/** @type {ArrayBuffer} */ { byteLength }) => byteLength);
  for (const [index, { envelope, name }] of copies.entries()) {
    const more = index < copies.length - 1;
    // A webmail does not report how much of a message it has received, so the progress counts whole messages.
    tellProgress(composition.id, { stage: "deliver", done: sum(sizes.slice(0, index)), total: copies.length > 1 ? sum(sizes) : null });
    const { sent, problem } = await deliver(composition, name, { message: messages[index], envelope, subject, more });
    if (!sent && (await hasLeftForSome(composition.id))) throw new RequestError("sending-partial");
    if (!sent || problem) return { sent, problem, files: [], shown };
  }
  return { sent: true, problem: "", files: [], shown };
}

/** Makes the messages as files, for a letter whose webmail is gone or refuses the messages. */
export const saveAsFiles = forWindow(async (/** @type {Letter} */ body) => (await makeMessages(body, await planCopies(body))).messages);

/**
 * Closes the window of a letter that was sent or discarded.
 * @param {BodyOf<"compose.close">} body @param {Sender} sender
 */
export async function close({ composition: id }, sender) {
  const { windowTabId } = await ofWindow(id, sender);
  parcelServer.release(id);
  await memory.forget(nameIn(id));
  // In Firefox `window.close()` does not close a window that an extension opened.
  if (windowTabId !== undefined) await api.tabs.remove(windowTabId).catch(() => {});
}

/** Forgets the letter of a closed window. Its draft stays. @param {number} tabId */
export async function forgetWindow(tabId) {
  for (const { id, windowTabId } of await memory.readAll("composition:")) {
    if (windowTabId !== tabId) continue;
    parcelServer.release(id);
    await memory.forget(nameIn(id));
  }
}

/**
 * @param {CompositionRecord} composition @param {string} name of the message
 * @param {{message: ArrayBuffer, envelope: Copy["envelope"], subject: string, more: boolean}} done `more` is whether
 *   further copies follow
 * @returns {Promise<{sent: boolean, problem: string}>}
 */
async function deliver(composition, name, done) {
  const { id, tabId, pageFrameId, windowTabId, deliver: how } = composition;
  if (!(await hasTab(tabId))) throw new RequestError((await hasLeftForSome(id)) ? "sending-partial" : "webmail-gone");
  await mark(id, name, "begun");
  const message = { type: "compose.done", body: { ...done, compose: id, deliver: how } };
  // The webmail's editor accepts the inserted sentence only while its tab has the focus.
  if (how === "attachment") await showTab(tabId).catch(() => {});
  // If another document has been loaded in the frame, it does not know this letter and refuses it.
  const answer = await api.tabs.sendMessage(tabId, message, { frameId: pageFrameId }).catch(() => null);
  if (how === "attachment" && windowTabId !== undefined) await showTab(windowTabId).catch(() => {});
  // Some webmails attach the encrypted message to a message of their own. The person then sends it with the webmail's
  // button.
  if (answer?.sent === true || answer?.problem === HANDED_OVER) {
    await mark(id, name, "taken");
    return { sent: true, problem: answer.sent ? "" : HANDED_OVER };
  }
  // The message may have been sent even if the page closes or fails before it answers.
  if (answer?.sent !== false) throw new RequestError("sending-unknown");
  await mark(id, name, "refused");
  return { sent: false, problem: String(answer.problem ?? "") };
}

/** Whether the webmail has accepted at least one copy. @param {string} id */
async function hasLeftForSome(id) {
  return Object.values((await load(id)).copies).includes("taken");
}

/** @param {string} id @param {string} name @param {"begun" | "taken" | "refused"} state */
async function mark(id, name, state) {
  const composition = await load(id);
  await save({ ...composition, copies: { ...composition.copies, [name]: state } });
}

/**
 * The copies of a letter, each with the certificates for which it is encrypted. An encrypted message reveals its
 * readers, so each person in Bcc gets a separate copy.
 * @param {Letter} letter
 * @returns {Promise<Copy[]>}
 */
export async function planCopies({ from, to, cc, bcc, encrypt, people, hiddenPeople, byPassword, identity }) {
  const own = await keys.findIdentity(identity);
  if (!encrypt) await clearMail.check([...to, ...cc, ...bcc]);
  else await clearMail.noteEncrypted([...to, ...cc, ...bcc].filter((address) => !byPassword.includes(address)));
  if (!encrypt) return [{ envelope: { from, to, cc, bcc }, recipients: [], readers: [], usesPassword: false }];
  const checkOf = async (/** @type {string} */ address, /** @type {string} */ fingerprint) => {
    if (byPassword.includes(address)) return null;
    const checks = await recipientSearch.checksFor(address);
    return required(checks.find((found) => found.usable && found.fingerprint === fingerprint), "certificate-not-usable");
  };
  const copyFor = (/** @type {Copy["envelope"]} */ envelope, /** @type {string[]} */ readers, /** @type {(RecipientCheck | null)[]} */ checks) => ({
    envelope,
    readers,
    // The writer can always read what they wrote.
    recipients: unique([own.certificate, ...checks.flatMap((check) => (check ? [check.certificate] : []))]),
    usesPassword: checks.includes(null),
    readsHeaders: checks.every((check) => check?.readsHeaders),
  });
  const named = [...to, ...cc];
  const first = copyFor({ from, to, cc, bcc: [] }, people, await Promise.all(named.map((address, index) => checkOf(address, people[index]))));
  const hidden = await Promise.all(bcc.map(async (/** @type {string} */ address, /** @type {number} */ index) =>
    copyFor({ from, to: [], cc: [], bcc: [address] }, [hiddenPeople[index]], [await checkOf(address, hiddenPeople[index])])));
  // The copy for To and Cc is sent last, since the webmail may navigate to another page after it.
  return [...hidden, ...(named.length ? [first] : [])];
}

/** @param {Letter} letter @param {Copy[]} copies */
export async function makeMessages({ composition, letter, password, sign, receipt, lasting, label, identity }, copies) {
  const own = (await keys.identities()).find(({ fingerprint }) => fingerprint === identity);
  if (sign && own?.locked !== false) throw new RequestError("locked");
  const { sealKey, identities } = sign ? await keys.unlocked(identity) : { sealKey: null, identities: [] };
  const vaultCopies = copies.map(({ recipients, usesPassword, readsHeaders }) => ({ recipients, usesPassword, readsHeaders }));
  if (vaultCopies.some(({ usesPassword }) => usesPassword) && !password) throw new RequestError("password-missing");
  const body = {
    composition, letter, copies: vaultCopies, password, sealKey, identities, sign, at: new Date().toISOString(),
    receipt: sign && receipt, label: sign ? await writing.labelFor(label) : null,
  };
  const made = await (sign && lasting ? makeLasting(body) : vault.call("letter.compose", body));
  // The receipt requests are stored first, because a message may arrive even if the webmail does not answer.
  const requests = made.requests.flatMap((request, index) => (request ? [{ ...request, to: readersOf(copies[index].envelope) }] : []));
  if (requests.length) await receipts.keepRequests(requests);
  return made;
}

/**
 * Makes messages whose signatures have timestamps. Rejects with `timestamp-not-granted`, `timestamp-failed` or
 * `timestamp-refused`; then no message was made.
 * @param {import("../../vault_home/letter_verbs.js").Composing} body
 */
async function makeLasting(body) {
  const { composition, copies, password } = body;
  const timestampService = required((await writing.read()).timestampService, "timestamp-failed");
  const { queries } = await vault.call("letter.sign", body);
  try {
    const answers = [];
    for (const query of queries) answers.push(await timestamps.ask(timestampService, query));
    return await vault.call("letter.finish", { composition, copies, password, answers });
  } catch (error) {
    await vault.call("letter.drop", { composition });
    throw error;
  }
}

/** @param {Copy["envelope"]} envelope */
function readersOf({ to, cc, bcc }) {
  return [...to, ...cc, ...bcc];
}

/** @param {number[]} sizes */
function sum(sizes) {
  return sizes.reduce((total, size) => total + size, 0);
}

/** The certificates without repetitions. @param {ArrayBuffer[]} certificates */
function unique(certificates) {
  return [...new Map(certificates.map((certificate) => [new Uint8Array(certificate).join(), certificate])).values()];
}

/**
 * The letter, if the sender is the window that has claimed it. Rejects with `bad-request` otherwise.
 * @param {string} id @param {Sender} sender
 */
export async function ofWindow(id, sender) {
  const composition = await load(id);
  if (composition.windowTabId === undefined || composition.windowTabId !== sender.tab?.id) throw new RequestError("bad-request");
  return composition;
}

/**
 * A request of the window that has claimed a letter. It rejects with `bad-request` if another page sends it.
 * @template {{composition: string}} B @template R @param {(body: B, composition: CompositionRecord) => R} act
 */
export function forWindow(act) {
  return async (/** @type {B} */ body, /** @type {Sender} */ sender) => act(body, await ofWindow(body.composition, sender));
}

/** @param {string} id @returns {Promise<CompositionRecord>} */
export function load(id) {
  return memory.find(nameIn(id), "letter-gone");
}

/** @param {CompositionRecord} composition */
function save(composition) {
  return memory.write(nameIn(composition.id), composition);
}

/** @param {string} id @returns {`composition:${string}`} */
function nameIn(id) {
  return `composition:${id}`;
}

/**
 * A name for one message of a letter. The name changes when the recipients, their certificates or the text change. It
 * reveals none of them, because `version` is a hash that covers a secret of the letter (`compose/letter_version.js`).
 * @param {Copy} copy @param {string} version
 */
export function copyName({ envelope: { to, cc, bcc }, readers, usesPassword }, version) {
  return hashOf(JSON.stringify([version, to, cc, bcc, readers, usesPassword]));
}
