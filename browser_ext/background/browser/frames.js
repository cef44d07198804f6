/**
 * The records of the extension's frames in pages. Each record names the document that asked for the frame, and the
 * broker: the page of the extension inside the frame.
 *
 * A content script asks for a frame, and the broker claims it with a one-time token. The token is bound to the tab and
 * to the origin of the page, as the browser reports them. It is valid for ten seconds and never appears in a URL. After
 * the claim only that broker, in the same tab, frame and document, may use the frame's id.
 */
import { api } from "../../shared/api.js";
import { RequestError, required } from "../../shared/messages.js";
import { placeOf, senderOrigin } from "./ancestors.js";
import * as memory from "./memory.js";
import { hasTab } from "./tabs.js";
import { inTurn } from "./turns.js";
import * as vault from "../keys/vault_link.js";

const TOKEN_MILLISECONDS = 10_000;
const MAX_CMS_CHARACTERS = 1_000_000;
/** The time within which a closing tab disappears. */
const CLOSING_MILLISECONDS = 500;
export const MAX_PROPOSED = 50;

/**
 * Makes the record of a frame. A page in a secure context gets a token for the frame; for any other page a window
 * opens.
 * @param {BodyOf<"frame.request">} body
 * @param {Sender} sender
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
 * Makes the record for a mail in the viewer. The viewer is a page of the extension, so the record has no origin.
 * @param {{mail: string, content: string}} files `content` is the file that a detached signature covers
 * @param {Sender} sender
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

/**
 * The protection that `data-smime` asks for. If the attribute has neither the word "sign" nor the word "encrypt", the
 * text is signed and encrypted.
 * @param {string} smime
 */
export function protectionOf(smime) {
  const words = new Set(smime.toLowerCase().split(/\s+/));
  const named = words.has("sign") || words.has("encrypt");
  return { sign: words.has("sign") || !named, encrypt: words.has("encrypt") || !named };
}

/**
 * Opens a window instead of a frame that the page has prevented from loading.
 * @param {BodyOf<"frame.window">} body @param {Sender} sender
 */
export async function moveToWindow(body, sender) {
  const frame = await ofPage(body.frame, sender);
  if (frame.brokerTabId !== undefined) throw new RequestError("bad-request");
  frame.inWindow = true;
  frame.moved = body.text;
  frame.mail ||= body.mail;
  await save(frame);
  await openWindow(frame);
}

/**
 * Gives a frame to the broker that holds its token.
 * @param {BodyOf<"frame.claim">} body
 * @param {Sender} sender
 * @returns {Promise<FrameRecord>} with the text in `moved`, which only the first claim gets
 */
export function claim(body, sender) {
  // Two claims at once would both find the token, or the window's frame, unused.
  return inTurn("claim", () => claimNow(body, sender));
}

/** @param {BodyOf<"frame.claim">} body @param {Sender} sender */
async function claimNow(body, sender) {
  const frame = body.token ? await redeem(body, sender) : await load(body.frame);
  // A broker in a window of the extension has no token. It names the frame by its id, which no web page learns. Such a
  // broker is the top document of its window.
  const rightPlace = frame.inWindow ? sender.frameId === 0 : body.token && frame.tabId === sender.tab?.id;
  if (!rightPlace || frame.brokerFrameId !== undefined) throw new RequestError("bad-token");
  frame.brokerTabId = sender.tab?.id;
  frame.brokerFrameId = sender.frameId;
  frame.brokerDocumentId = sender.documentId ?? "";
  await save({ ...frame, moved: "" });
  return frame;
}

/** @param {BodyOf<"frame.claim">} body @param {Sender} sender */
async function redeem({ token, pageOrigin }, sender) {
  const name = /** @type {const} */ (`token:${token}`);
  const record = await memory.read(name);
  await memory.forget(name);
  if (!record || Date.now() > record.expires || sender.frameId === 0) throw new RequestError("bad-token");
  const frame = await load(record.frame);
  // The broker took `pageOrigin` from the browser's message event that carried the token.
  if (frame.origin !== pageOrigin || frame.inWindow) throw new RequestError("bad-token");
  return frame;
}

/**
 * The frame that this broker has claimed. Rejects with `bad-request`, also if the frame is not of the given kind.
 * @param {string} id
 * @param {Sender} sender
 * @param {FrameRecord["kind"]} [kind]
 */
export async function ofBroker(id, sender, kind) {
  const frame = await load(id);
  const samePlace = frame.brokerTabId === sender.tab?.id && frame.brokerFrameId === sender.frameId
    && frame.brokerDocumentId === (sender.documentId ?? "");
  if (!samePlace || frame.kind !== (kind ?? frame.kind)) throw new RequestError("bad-request");
  return frame;
}

/**
 * The frame that this page's content script has asked for. Rejects with `bad-request`.
 * @param {string} id
 * @param {Sender} sender
 */
async function ofPage(id, sender) {
  const frame = await load(id);
  const samePlace = frame.tabId === sender.tab?.id && frame.pageFrameId === sender.frameId
    && frame.documentId === (sender.documentId ?? "");
  if (!samePlace || frame.origin !== senderOrigin(sender)) throw new RequestError("bad-request");
  return frame;
}

/**
 * Sends a message to the page's content script. If another document has been loaded there, it does not know the frame's
 * id and ignores the message.
 * @param {FrameRecord} frame
 * @param {object} message
 * @returns {Promise<boolean>} whether the document that asked for the frame is still there
 */
export async function tellPage(frame, message) {
  return (await askPage(frame, message)) === true;
}

/**
 * Sends a message to the page's content script, and returns the answer.
 * @param {FrameRecord} frame
 * @param {object} message
 * @returns {Promise<true | string | undefined>} true on success, the code of a problem, or undefined if the document is
 * gone
 */
export async function askPage(frame, message) {
  const options = frame.documentId ? { documentId: frame.documentId } : { frameId: frame.pageFrameId };
  return api.tabs.sendMessage(frame.tabId, { ...message, frame: frame.id }, options).catch(() => undefined);
}

/**
 * Keeps the text typed so far, encrypted for the vault's owner, since a page may remove the frame at any time.
 * @param {BodyOf<"field.keep">} body @param {Sender} sender
 */
export async function keep({ frame: id, text }, sender) {
  await ofBroker(id, sender);
  await vault.call("text.hold", { job: keptName(id), envelope: text });
  await save({ ...(await load(id)), kept: true });
}

/**
 * The kept text, encrypted for the broker that continues with the text. Rejects with `text-gone` if the vault was
 * restarted.
 * @param {BodyOf<"field.kept">} body @param {Sender} sender
 */
export async function kept({ frame: id, replyKey }, sender) {
  await ofBroker(id, sender);
  return vault.call("text.again", { job: keptName(id), replyKey }).catch((error) => {
    throw error.code === "vault-restarted" ? new RequestError("text-gone") : error;
  });
}

/**
 * Drops the kept text of an encrypted field, after the person has pressed something in the page. If the text were dropped
 * earlier, it would be lost when the page removes the field.
 * @param {BodyOf<"field.pressed">} body @param {Sender} sender
 */
export async function dropAfterPress(body, sender) {
  const { id } = await ofPage(body.frame, sender);
  await inTurn(`window ${id}`, async () => dropKept(await load(id)));
}

/** Drops the kept text of a frame that no longer needs it. @param {FrameRecord} frame */
async function dropKept(frame) {
  if (!frame.kept) return;
  await save({ ...frame, kept: false });
  await vault.call("text.drop", { job: keptName(frame.id) });
}

/** @param {string} frame */
function keptName(frame) {
  return `kept ${frame}`;
}

/**
 * Handles the end of a broker's document. If a text was kept, the person can continue it in a window. This holds if the
 * page has removed or moved the frame, and if the tab has gone to another address. A person who closes the tab discards
 * the text.
 * @param {BodyOf<"frame.left">} body @param {Sender} sender
 */
export async function closeOrContinue(body, sender) {
  const frame = await ofBroker(body.frame, sender);
  if (!frame.kept || frame.inWindow) return close(frame);
  const pageStays = await tellPage(frame, { type: "frame.left" });
  if (!pageStays) await new Promise((resolve) => setTimeout(resolve, CLOSING_MILLISECONDS));
  if (pageStays || (await hasTab(frame.tabId))) await goOnInWindow(frame.id, { pageStays });
  else await close(frame);
}

/**
 * Opens a window with the kept text, after the page has removed the frame.
 * @param {BodyOf<"frame.lost">} body @param {Sender} sender
 */
export async function continueAfterRemoval(body, sender) {
  await goOnInWindow((await ofPage(body.frame, sender)).id, { pageStays: true });
}

/**
 * Opens a window with the kept text of a frame that has ended. Both the frame and its page may report the end.
 * @param {string} id @param {{pageStays: boolean}} page
 */
function goOnInWindow(id, { pageStays }) {
  return inTurn(`window ${id}`, async () => {
    const frame = await load(id);
    if (frame.inWindow) return;
    if (!frame.kept) return close(frame);
    const broker = { brokerTabId: undefined, brokerFrameId: undefined, brokerDocumentId: undefined };
    const moved = { ...frame, ...broker, inWindow: true, pageLeft: !pageStays };
    await save(moved);
    await openWindow(moved);
  });
}

/** Closes a frame at the request of its broker. @param {BodyOf<"frame.close">} body @param {Sender} sender */
export async function closeClaimed(body, sender) {
  const frame = await ofBroker(body.frame, sender);
  await close(frame);
  if (frame.kind === "mail") await vault.call("mail.forget", { frame: frame.id });
}

/** @param {FrameRecord} frame */
async function close(frame) {
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
export function load(id) {
  return memory.find(`frame:${id}`, "frame-gone");
}

/** @param {FrameRecord} frame */
function save(frame) {
  return memory.write(`frame:${frame.id}`, frame);
}

/** The frame, with the mail if the mail arrived later. @param {FrameRecord} frame @param {string} mail "" for none */
export async function withMail(frame, mail) {
  if (!mail || frame.mail) return frame;
  const full = { ...frame, mail };
  await save(full);
  return full;
}

/** @param {FrameRecord} frame */
async function openWindow(frame) {
  const url = api.runtime.getURL(`frame/broker.html?frame=${frame.id}`);
  await api.windows.create({ url, type: "popup", width: 640, height: 520 });
}

/** @param {Sender} sender */
function tabOf(sender) {
  return required(sender.tab?.id, "bad-request");
}
