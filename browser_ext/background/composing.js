/**
 * Letters that are written in a window of the extension for a webmail: who asked for one, what leaves, and what became
 * of it. The text passes through here sealed; the finished message goes to the document that asked, and to no other.
 */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import { tellProgress } from "../shared/progress.js";
import { placeOf, siteOf, sitesAround } from "./ancestors.js";
import * as database from "./database.js";
import * as drafts from "./drafts.js";
import * as keys from "./keys.js";
import * as memory from "./memory.js";
import * as preferences from "./preferences.js";
import { openUnlessAsking } from "./prompt_window.js";
import * as recipientSearch from "./recipient_search.js";
import * as trust from "./trust.js";
import * as vault from "./vault_link.js";

const PAGE = "compose.html";
const SIZE = { width: 760, height: 860 };
const HANDED_OVER = "handed-over";
/** So much of a sealed message is shown under its seal. */
const SHOWN_BYTES = 8_000;
const KINDS = ["new", "reply", "replyAll", "forward"];
const DELIVERIES = ["raw", "attachment", "file"];

/** @typedef {chrome.runtime.MessageSender} Sender */
/** @typedef {{envelope: {from: string, to: string[], cc: string[], bcc: string[]}, recipients: ArrayBuffer[], usesPassword: boolean}} Copy */

/**
 * A page's content script, or the viewer, asks for a letter. From the viewer there is no webmail to hand it to: it
 * leaves as a file.
 * @param {any} body @param {Sender} sender
 */
export async function open({ kind, from, to, cc, bcc, subject, mail, text, deliver }, sender) {
  if (sender.tab?.id === undefined || !KINDS.includes(kind)) throw new RequestError("bad-request");
  const isViewer = sender.url?.startsWith(api.runtime.getURL("")) ?? false;
  if (!isViewer && !DELIVERIES.includes(deliver)) throw new RequestError("bad-request");
  const place = isViewer ? { origin: "", ancestors: [] } : await placeOf(sender);
  return openWindow({
    id: crypto.randomUUID(), tabId: sender.tab.id, pageFrameId: sender.frameId ?? 0, ...place,
    kind, from, to, cc, bcc, subject, mail, text, deliver: isViewer ? "file" : deliver, sign: true, seal: true, copies: {},
  });
}

/**
 * A letter that asks somebody for a certificate, in a window of its own: signed, so that the answer can be sealed.
 * @param {any} body @param {Sender} sender
 */
export async function askFor({ composition: id, address, subject, text }, sender) {
  const asking = await ofWindow(id, sender);
  await openWindow({
    ...asking, id: crypto.randomUUID(), windowTabId: undefined, kind: "new", to: [address], cc: [], bcc: [], subject, text, mail: "",
    sign: true, seal: false, copies: {},
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
 * Everything that the window shows first. The first window that comes is the one.
 * @param {any} body @param {Sender} sender
 */
export async function claim({ composition: id }, sender) {
  const composition = await load(id);
  if (composition.windowTabId !== undefined && composition.windowTabId !== sender.tab?.id) throw new RequestError("bad-request");
  await save({ ...composition, windowTabId: sender.tab?.id });
  const { origin, kind, from, to, cc, bcc, subject, text, mail, deliver, sign, seal } = composition;
  // In the viewer, the click on the answer is the consent.
  const siteKnown = !origin || Boolean(await database.get("sites", siteOf(composition)));
  return {
    question: questionOf(composition), origin, around: sitesAround(composition), kind, from, to, cc, bcc, subject, text, mail,
    deliver, sign, seal, siteKnown,
    identities: await keys.identities(), drafts: await drafts.list(), directory: (await preferences.read()).directory,
  };
}

/** What the letter's window says of the page that asked; the letter itself, its readers and its key are named in the answer. @param {CompositionRecord} composition */
function questionOf(composition) {
  const { origin, kind, mail, deliver } = composition;
  return { kind: "letter", origin, around: sitesAround(composition), way: kind, mail, deliver };
}

/** @param {any} body @param {Sender} sender */
export async function question({ composition }, sender) {
  return questionOf(await ofWindow(composition, sender));
}

/** The identities as they are now: another window may have locked or added some. @param {any} body @param {Sender} sender */
export async function listIdentities({ composition }, sender) {
  await ofWindow(composition, sender);
  return keys.identities();
}

/** @param {any} body @param {Sender} sender */
export async function unlock({ composition, keyFile, passphrase }, sender) {
  await ofWindow(composition, sender);
  await keys.unlock({ keyFile, passphrase });
}

/**
 * The mail that is answered, sealed to the window.
 * @param {any} body @param {Sender} sender
 */
export async function original({ composition: id, replyKey }, sender) {
  const { mail } = await ofWindow(id, sender);
  const { sealKey, identities } = await keys.unlocked();
  return vault.call("letter.original", { mail, replyKey, sealKey, identities, ...(await trust.judging()) });
}

/**
 * A mail as a file of its own, for forwarding it whole: the one of the letter, which a draft brings along.
 * @param {any} body @param {Sender} sender
 */
export async function whole({ composition, mail, isSealed, replyKey }, sender) {
  await ofWindow(composition, sender);
  return vault.call("letter.whole", { mail, isSealed, replyKey, ...(await keys.unlocked()) });
}

/**
 * What the bridge that the person has named knows of an address; what can be used is kept among the people.
 * @param {any} body @param {Sender} sender
 */
export async function lookUp({ composition, address }, sender) {
  await ofWindow(composition, sender);
  return recipientSearch.lookUp(address);
}

/**
 * The certificates that are known of an address, the best first.
 * @param {any} body @param {Sender} sender
 */
export async function check({ composition, address }, sender) {
  await ofWindow(composition, sender);
  return recipientSearch.checksFor(address);
}

/**
 * A certificate that the person picked; it is kept among the people when it can be used for this address.
 * @param {any} body @param {Sender} sender
 */
export async function takeCertificate({ composition, ...given }, sender) {
  await ofWindow(composition, sender);
  return recipientSearch.takeFile(given);
}

/** @param {any} body @param {Sender} sender */
export async function keepDraft(body, sender) {
  await ofWindow(body.composition, sender);
  await drafts.keep(body);
}

/** @param {any} body @param {Sender} sender */
export async function openDraft(body, sender) {
  await ofWindow(body.composition, sender);
  return drafts.open(body);
}

/** @param {any} body @param {Sender} sender */
export async function dropDraft({ composition, draft }, sender) {
  await ofWindow(composition, sender);
  await drafts.drop(draft);
}

/**
 * Makes the message, one for each Bcc beside it, and hands them to the webmail one after the other. What a webmail has
 * taken is not handed over again; of what it was given and did not answer for, nobody knows.
 * @param {any} body @param {Sender} sender
 * @returns {Promise<{sent: boolean, problem: string, files: ArrayBuffer[], shown: ArrayBuffer | null}>} `files` where no webmail
 *   asked, `shown` the beginning of what left
 */
export async function send(body, sender) {
  const composition = await ofWindow(body.composition, sender);
  const begun = Object.values(composition.copies).includes("begun");
  if (begun && !body.again) throw new RequestError("sending-unknown");
  const copies = (await planCopies(body)).filter(({ envelope }) => composition.copies[nameOf(envelope)] !== "taken");
  const { messages, subject } = await makeMessages(body, copies);
  const shown = messages[0]?.slice(0, SHOWN_BYTES) ?? null;
  if (composition.deliver === "file") return { sent: true, problem: "", files: messages, shown };
  const sizes = messages.map((/** @type {ArrayBuffer} */ { byteLength }) => byteLength);
  for (const [index, { envelope }] of copies.entries()) {
    const more = index < copies.length - 1;
    // What a webmail does with a message is not to be seen until it has taken it.
    tellProgress(composition.id, { stage: "deliver", done: sum(sizes.slice(0, index)), total: copies.length > 1 ? sum(sizes) : null });
    const { sent, problem } = await deliver(composition, { message: messages[index], envelope, subject, more });
    if (!sent && (await hasLeftForSome(composition.id))) throw new RequestError("sending-partial");
    if (!sent || problem) return { sent, problem, files: [], shown };
  }
  return { sent: true, problem: "", files: [], shown };
}

/**
 * The messages as files, when the webmail is gone or refuses.
 * @param {any} body @param {Sender} sender
 */
export async function saveAsFiles(body, sender) {
  await ofWindow(body.composition, sender);
  return (await makeMessages(body, await planCopies(body))).messages;
}

/** The letter is done with: sent, or thrown away. @param {any} body @param {Sender} sender */
export async function close({ composition: id }, sender) {
  const { windowTabId } = await ofWindow(id, sender);
  await memory.forget(nameIn(id));
  // Firefox lets no script close a window that an extension opened.
  if (windowTabId !== undefined) await api.tabs.remove(windowTabId).catch(() => {});
}

/** A window that was closed leaves its draft, and nothing else. @param {number} tabId */
export async function forgetWindow(tabId) {
  for (const { id, windowTabId } of await memory.readAll("composition:")) {
    if (windowTabId === tabId) await memory.forget(nameIn(id));
  }
}

/**
 * @param {CompositionRecord} composition
 * @param {{message: ArrayBuffer, envelope: Copy["envelope"], subject: string, more: boolean}} done `more` copies follow
 * @returns {Promise<{sent: boolean, problem: string}>}
 */
async function deliver(composition, done) {
  const { id, tabId, pageFrameId, deliver: how } = composition;
  const name = nameOf(done.envelope);
  if (!(await isThere(tabId))) throw new RequestError((await hasLeftForSome(id)) ? "sending-partial" : "webmail-gone");
  await mark(id, name, "begun");
  const message = { type: "compose.done", body: { ...done, compose: id, deliver: how } };
  // A document that came in the place of the one that asked knows of no such letter and refuses it.
  const answer = await api.tabs.sendMessage(tabId, message, { frameId: pageFrameId }).catch(() => null);
  // Some webmails are given the sealed message as an attachment, and the person presses their button.
  if (answer?.sent === true || answer?.problem === HANDED_OVER) {
    await mark(id, name, "taken");
    return { sent: true, problem: answer.sent ? "" : HANDED_OVER };
  }
  // A page that closes or fails before it answers has perhaps sent the message.
  if (answer?.sent !== false) throw new RequestError("sending-unknown");
  await mark(id, name, "refused");
  return { sent: false, problem: String(answer.problem ?? "") };
}

/** Whether the webmail has taken the copies for some recipients. @param {string} id */
async function hasLeftForSome(id) {
  return Object.values((await load(id)).copies).includes("taken");
}

/** @param {number} tabId */
async function isThere(tabId) {
  return api.tabs.get(tabId).then(() => true, () => false);
}

/** @param {string} id @param {string} name @param {"begun" | "taken" | "refused"} state */
async function mark(id, name, state) {
  const composition = await load(id);
  await save({ ...composition, copies: { ...composition.copies, [name]: state } });
}

/**
 * Who gets which copy. Sealed mail names its readers: whoever is in Bcc has one that nobody else is named in.
 * @param {any} body
 * @returns {Promise<Copy[]>}
 */
async function planCopies({ from, to, cc, bcc, seal, people, hiddenPeople, byPassword, identity }) {
  const own = (await keys.identities()).find(({ fingerprint }) => fingerprint === identity);
  if (!own) throw new RequestError("no-such-key");
  if (!seal) return [{ envelope: { from, to, cc, bcc }, recipients: [], usesPassword: false }];
  const certificateOf = async (/** @type {string} */ address, /** @type {string} */ fingerprint) => {
    if (byPassword.includes(address)) return [];
    const chosen = (await recipientSearch.checksFor(address)).find((one) => one.usable && one.fingerprint === fingerprint);
    if (!chosen) throw new RequestError("certificate-not-usable");
    return [chosen.certificate];
  };
  const named = [...to, ...cc];
  const open = (await Promise.all(named.map((address, index) => certificateOf(address, people[index])))).flat();
  const usesPassword = named.some((address) => byPassword.includes(address));
  // The writer can always read what they wrote.
  const first = { envelope: { from, to, cc, bcc: [] }, recipients: unique([own.certificate, ...open]), usesPassword };
  const hidden = await Promise.all(bcc.map(async (/** @type {string} */ address, /** @type {number} */ index) => ({
    envelope: { from, to: [], cc: [], bcc: [address] },
    recipients: unique([own.certificate, ...(await certificateOf(address, hiddenPeople[index]))]),
    usesPassword: byPassword.includes(address),
  })));
  // What the others see comes last: a webmail may leave its page after it.
  return [...hidden, ...(named.length ? [first] : [])];
}

/** @param {any} body @param {Copy[]} copies */
async function makeMessages({ composition, letter, password, sign, identity }, copies) {
  const own = (await keys.identities()).find(({ fingerprint }) => fingerprint === identity);
  if (sign && own?.locked !== false) throw new RequestError("locked");
  const { sealKey, identities } = sign ? await keys.unlocked(identity) : { sealKey: null, identities: [] };
  const asked = copies.map(({ recipients, usesPassword }) => ({ recipients, usesPassword }));
  if (asked.some(({ usesPassword }) => usesPassword) && !password) throw new RequestError("password-missing");
  return vault.call("letter.compose", {
    composition, letter, copies: asked, password, sealKey, identities, sign, at: new Date().toISOString(),
  });
}

/** @param {number[]} sizes */
function sum(sizes) {
  return sizes.reduce((total, size) => total + size, 0);
}

/** @param {ArrayBuffer[]} certificates each once */
function unique(certificates) {
  const seen = new Map(certificates.map((certificate) => [new Uint8Array(certificate).join(), certificate]));
  return [...seen.values()];
}

/** The composition of this window. @param {string} id @param {Sender} sender */
async function ofWindow(id, sender) {
  const composition = await load(id);
  if (composition.windowTabId === undefined || composition.windowTabId !== sender.tab?.id) throw new RequestError("bad-request");
  return composition;
}

/** @param {string} id @returns {Promise<CompositionRecord>} */
async function load(id) {
  const composition = await memory.read(nameIn(id));
  if (!composition) throw new RequestError("letter-gone");
  return composition;
}

/** @param {CompositionRecord} composition */
function save(composition) {
  return memory.write(nameIn(composition.id), composition);
}

/** @param {string} id */
function nameIn(id) {
  return `composition:${id}`;
}

/** @param {Copy["envelope"]} envelope */
function nameOf({ to, cc, bcc }) {
  return JSON.stringify([to, cc, bcc]);
}
