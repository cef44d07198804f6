/**
 * The frames in pages: who asked for one, for which document, and which extension page may speak for it.
 *
 * A frame is asked for by a content script and claimed by the broker page with a one-time token. The token is bound to
 * the tab and to the origin of the page, as the browser tells them, lives ten seconds, and is never in a URL. From
 * then on only that broker, in that tab, frame and document, may use the frame's id.
 */
import { api } from "../shared/api.js";
import { RequestError } from "../shared/messages.js";
import { placeOf, senderOrigin } from "./ancestors.js";
import * as memory from "./memory.js";
import { inTurn } from "./turns.js";
import * as vault from "./vault_link.js";

const TOKEN_MILLISECONDS = 10_000;
const MAX_CMS_CHARACTERS = 1_000_000;
export const MAX_PROPOSED = 50;

/**
 * @param {any} body
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<{frame: string, token: string, inWindow: boolean}>}
 */
export async function request(body, sender) {
  const { origin, ancestors } = await placeOf(sender);
  if (body.cms.length > MAX_CMS_CHARACTERS) throw new RequestError("field-too-large");
  /** @type {FrameRecord} */
  const frame = {
    id: crypto.randomUUID(),
    tabId: tabOf(sender),
    pageFrameId: sender.frameId ?? 0,
    documentId: sender.documentId ?? "",
    kept: false,
    origin,
    ancestors,
    kind: body.kind === "open" || body.kind === "mail" ? body.kind : "write",
    ...protectionOf(body.smime),
    proposed: body.proposed.slice(0, MAX_PROPOSED),
    cms: body.cms,
    mail: body.mail,
    content: "",
    inWindow: !body.secure,
    moved: body.secure ? "" : body.text,
  };
  await save(frame);
  if (frame.inWindow) {
    await openWindow(frame);
    return { frame: frame.id, token: "", inWindow: true };
  }
  const token = crypto.randomUUID();
  await memory.write(`token:${token}`, { frame: frame.id, expires: Date.now() + TOKEN_MILLISECONDS });
  return { frame: frame.id, token, inWindow: false };
}

/**
 * The record of a mail in the viewer: its page is the extension's own, which has no origin here.
 * @param {{mail: string, content: string}} held `content` is the file that a detached signature covers
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<FrameRecord>}
 */
export async function createForViewer({ mail, content }, sender) {
  /** @type {FrameRecord} */
  const frame = {
    id: crypto.randomUUID(), tabId: tabOf(sender), pageFrameId: 0, documentId: "", kept: false, origin: "", ancestors: [],
    kind: "mail", sign: false, encrypt: false, proposed: [], cms: "", mail, content, inWindow: true, moved: "",
    brokerTabId: tabOf(sender), brokerFrameId: sender.frameId, brokerDocumentId: sender.documentId ?? "",
  };
  await save(frame);
  return frame;
}

/** What an attribute asks for; one that asks for nothing gets both. @param {string} smime */
export function protectionOf(smime) {
  const asked = new Set(smime.toLowerCase().split(/\s+/));
  const named = asked.has("sign") || asked.has("encrypt");
  return { sign: asked.has("sign") || !named, encrypt: asked.has("encrypt") || !named };
}

/** The page did not let the frame start: the same work goes on in a window. */
export async function moveToWindow(/** @type {any} */ body, /** @type {chrome.runtime.MessageSender} */ sender) {
  const frame = await ofPage(body.frame, sender);
  if (frame.brokerTabId !== undefined) throw new RequestError("bad-request");
  frame.inWindow = true;
  frame.moved = body.text;
  await save(frame);
  await openWindow(frame);
}

/**
 * Gives a frame to the broker that holds its token.
 * @param {any} body
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<FrameRecord>} with the moved text, which is handed out once
 */
export function claim(body, sender) {
  // Two claims at once would both find the token, or the window's frame, unused.
  return inTurn("claim", () => claimNow(body, sender));
}

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
async function claimNow(body, sender) {
  const frame = body.token ? await redeem(body, sender) : await load(body.frame);
  // A window of our own is named by the frame's id, which no page learns; it is never inside another page.
  const rightPlace = frame.inWindow ? sender.frameId === 0 : body.token && frame.tabId === sender.tab?.id;
  if (!rightPlace || frame.brokerFrameId !== undefined) throw new RequestError("bad-token");
  frame.brokerTabId = sender.tab?.id;
  frame.brokerFrameId = sender.frameId;
  frame.brokerDocumentId = sender.documentId ?? "";
  await save({ ...frame, moved: "" });
  return frame;
}

/** @param {any} body @param {chrome.runtime.MessageSender} sender */
async function redeem({ token, pageOrigin }, sender) {
  const name = `token:${token}`;
  const record = await memory.read(name);
  await memory.forget(name);
  if (!record || Date.now() > record.expires || sender.frameId === 0) throw new RequestError("bad-token");
  const frame = await load(record.frame);
  // The broker reads this from the browser's own account of who posted the token.
  if (frame.origin !== pageOrigin || frame.inWindow) throw new RequestError("bad-token");
  return frame;
}

/**
 * The frame that this broker has claimed.
 * @param {string} id
 * @param {chrome.runtime.MessageSender} sender
 */
export async function ofBroker(id, sender) {
  const frame = await load(id);
  const samePlace = frame.brokerTabId === sender.tab?.id && frame.brokerFrameId === sender.frameId
    && frame.brokerDocumentId === (sender.documentId ?? "");
  if (!samePlace) throw new RequestError("bad-request");
  return frame;
}

/**
 * The frame that this page's content script has asked for.
 * @param {string} id
 * @param {chrome.runtime.MessageSender} sender
 */
async function ofPage(id, sender) {
  const frame = await load(id);
  const samePlace = frame.tabId === sender.tab?.id && frame.pageFrameId === sender.frameId
    && frame.documentId === (sender.documentId ?? "");
  if (!samePlace || frame.origin !== senderOrigin(sender)) throw new RequestError("bad-request");
  return frame;
}

/**
 * Tells the page's content script; a later document in its place does not know the frame's id and ignores it.
 * @param {FrameRecord} frame
 * @param {object} message
 * @returns {Promise<boolean>} whether the document that asked for the frame is still there
 */
export async function tellPage(frame, message) {
  return (await askPage(frame, message)) === true;
}

/**
 * The same, with what the document has to say about it.
 * @param {FrameRecord} frame
 * @param {object} message
 * @returns {Promise<true | string | undefined>} true, the code of a problem, or nothing from a document that is gone
 */
export async function askPage(frame, message) {
  const options = frame.documentId ? { documentId: frame.documentId } : { frameId: frame.pageFrameId };
  const sent = api.tabs.sendMessage(frame.tabId, { ...message, frame: frame.id }, options);
  return sent.catch(() => undefined);
}

/**
 * Keeps what was typed so far, sealed to the vault's owner: a page may take the frame away at any time.
 * @param {any} body @param {chrome.runtime.MessageSender} sender
 */
export async function keep({ frame: id, text }, sender) {
  await ofBroker(id, sender);
  await vault.call("text.hold", { job: keptName(id), envelope: text });
  await save({ ...(await load(id)), kept: true });
}

/**
 * What was kept, sealed anew to the frame's successor.
 * @param {any} body @param {chrome.runtime.MessageSender} sender
 */
export async function kept({ frame: id, replyKey }, sender) {
  await ofBroker(id, sender);
  return vault.call("text.again", { job: keptName(id), replyKey }).catch((error) => {
    throw error.code === "vault-restarted" ? new RequestError("text-gone") : error;
  });
}

/** What was kept has left as sealed text, or its frame was closed. @param {FrameRecord} frame */
export async function dropKept(frame) {
  if (!frame.kept) return;
  await save({ ...frame, kept: false });
  await vault.call("text.drop", { job: keptName(frame.id) });
}

/** @param {string} frame */
function keptName(frame) {
  return `kept ${frame}`;
}

/**
 * The broker's document ends: with its page, or because the page took the frame away. A page that is still there says
 * `frame.lost`.
 * @param {any} body @param {chrome.runtime.MessageSender} sender
 */
export async function left(body, sender) {
  const frame = await ofBroker(body.frame, sender);
  const staysThere = frame.kept && !frame.inWindow && (await tellPage(frame, { type: "frame.left" }));
  if (!staysThere) await close(frame);
}

/**
 * The page took the frame away: what was typed goes on in a window.
 * @param {any} body @param {chrome.runtime.MessageSender} sender
 */
export async function lost(body, sender) {
  const frame = await ofPage(body.frame, sender);
  if (frame.inWindow) return;
  if (!frame.kept) return close(frame);
  const moved = { ...frame, inWindow: true, brokerTabId: undefined, brokerFrameId: undefined, brokerDocumentId: undefined };
  await save(moved);
  await openWindow(moved);
}

/** @param {FrameRecord} frame */
export async function close(frame) {
  await dropKept(frame);
  await memory.forget(`frame:${frame.id}`);
  await tellPage(frame, { type: "frame.closed" });
}

/** Forgets the frames of a tab that was closed. @param {number} tabId */
export async function forgetTab(tabId) {
  for (const frame of await memory.readAll("frame:")) {
    if (frame.tabId === tabId || frame.brokerTabId === tabId) await memory.forget(`frame:${frame.id}`);
  }
}

/** @param {string} id @returns {Promise<FrameRecord>} */
export async function load(id) {
  const frame = await memory.read(`frame:${id}`);
  if (!frame) throw new RequestError("frame-gone");
  return frame;
}

/** @param {FrameRecord} frame */
function save(frame) {
  return memory.write(`frame:${frame.id}`, frame);
}

/** @param {FrameRecord} frame */
async function openWindow(frame) {
  const url = api.runtime.getURL(`broker.html?frame=${frame.id}`);
  await api.windows.create({ url, type: "popup", width: 640, height: 520 });
}

/** @param {chrome.runtime.MessageSender} sender */
function tabOf(sender) {
  if (sender.tab?.id === undefined) throw new RequestError("bad-request");
  return sender.tab.id;
}
