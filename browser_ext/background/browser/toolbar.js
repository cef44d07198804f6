/**
 * The toolbar button, and the same action in the menu and on the keyboard. The action opens or encrypts the content of
 * the page at once. If the extension recognises nothing in the page, a window offers other actions.
 */
import { api } from "../../shared/api.js";
import { RequestError } from "../../shared/messages.js";
import * as composing from "../writing/composing.js";
import * as downloads from "./downloads.js";
import * as mails from "../mail/mails.js";
import { readMailto } from "../mail/mailto.js";
import * as memory from "./memory.js";
import * as optionsPage from "./options_page.js";
import * as pages from "../pages/pages.js";
import * as parcels from "../parcels/parcels.js";
import * as promptWindow from "./prompt_window.js";
import * as session from "../keys/session.js";
import { inTime, runIn } from "./sites.js";
import { showTab } from "./tabs.js";

const PAGE = "toolbar/toolbar.html";
const SIZE = { width: 480, height: 640 };
/** An empty letter. It is saved as a file, since no webmail sends it, and it answers no other letter. */
const EMPTY = { kind: /** @type {const} */ ("new"), from: "", subject: "", mail: "", text: "", deliver: /** @type {const} */ ("file") };

/**
 * The action of each button.
 * @type {Record<MessageKinds["toolbar action"], (tabId: number, sender: Sender) => Promise<unknown>>}
 */
const ACTIONS = {
  mail: (tabId) => pick(tabId, () => globalThis.sealwaxContent.mail?.pickMail()),
  teach: (tabId) => pick(tabId, () => globalThis.sealwaxContent.mail?.teach()),
  "teach-form": (tabId) => pick(tabId, () => globalThis.sealwaxContent.mail?.teachForm()),
  field: (tabId) => pick(tabId, () => globalThis.sealwaxContent.mail?.pickField()),
  write: writeNew,
  file: () => mails.openViewer({ mail: "" }),
  parcel: () => parcels.open({ address: "" }),
  keys: () => optionsPage.open(),
  lock: () => session.lock("hand"),
  close: async () => {},
};

/**
 * Acts on what a tab shows: a form for mail, the focused field, a mail, or a signed page.
 * @param {number} tabId
 * @param {number} [frameId]
 */
export async function activate(tabId, frameId) {
  // The form's editor may be a frame, so every frame is asked. A frame that has the focused field takes precedence over
  // the frames around it.
  const forms = await runIn(tabId, undefined, () => globalThis.sealwaxContent.mail?.findForm());
  const [field, frame, taught] = ["field", "frame", "taught"].map((kind) => forms.find(({ result }) => result === kind));
  const focused = field ?? frame;
  if (focused) return void await writeIn(tabId, focused.frameId);
  if (await hasBegun(tabId, frameId, () => globalThis.sealwaxContent.watcher?.activateFocused())) return;
  if (taught) return void await writeIn(tabId, taught.frameId);
  // The last resort is a mail whose parts the page does not name.
  const isTaken = (await pages.offer(tabId)) || (await hasBegun(tabId, frameId, () => globalThis.sealwaxContent.mail?.searchMail()));
  if (!isTaken) await openWindow(tabId);
}

/**
 * Runs a function of the content scripts, and returns whether it has begun its work in any frame.
 * @param {number} tabId @param {number | undefined} frameId @param {() => unknown} func returns true where it has begun
 */
async function hasBegun(tabId, frameId, func) {
  return (await runIn(tabId, frameId, func)).some(({ result }) => result);
}

/** Opens the window after a search in a page has found no S/MIME mail. @param {{}} _ @param {Pick<Sender, "tab">} sender */
export async function offerActions(_, { tab }) {
  if (tab?.id !== undefined) await openWindow(tab.id);
}

/** Opens the message window for the form in a frame. @param {number} tabId @param {number} frameId */
async function writeIn(tabId, frameId) {
  await runIn(tabId, frameId, () => globalThis.sealwaxContent.mail?.writeMailForm());
}

/** Opens the window for a tab. It replaces an older window. @param {number} tabId */
async function openWindow(tabId) {
  const known = await memory.read("toolbar");
  if (known) await api.windows.remove(known.windowId).catch(() => {});
  const opened = await api.windows.create({ url: api.runtime.getURL(`${PAGE}?tab=${tabId}`), type: "popup", ...SIZE });
  if (opened?.id !== undefined) await memory.write("toolbar", { windowId: opened.id });
}

/** The site of a tab, whether the browser admits scripts there, the downloaded messages, and whether keys are unlocked. @param {BodyOf<"toolbar.look">} body */
export async function look({ tab: tabId }) {
  await api.tabs.get(tabId).catch(() => { throw new RequestError("toolbar-page-gone"); });
  const site = (await runIn(tabId, 0, () => location.host))[0]?.result ?? "";
  const offers = (await downloads.offered()).map(({ id, name }) => ({ id, name }));
  return { site, isReachable: site !== "", downloads: offers, isUnlocked: await session.isUnlocked() };
}

/** Opens a downloaded message, and closes the window. @param {BodyOf<"toolbar.download">} body @param {Sender} sender */
export async function openDownload({ download }, sender) {
  await downloads.open(download);
  promptWindow.close(sender);
}

/**
 * Performs the action of a button of the window, and closes the window. After the action "lock" the window stays open
 * and says that the keys are locked.
 * @param {BodyOf<"toolbar.go">} body @param {Sender} sender
 */
export async function go({ tab, action }, sender) {
  await ACTIONS[action](tab, sender);
  if (action !== "lock") promptWindow.close(sender);
}

/** Lets the person point at something in a tab. @param {number} tabId @param {() => boolean | undefined} func says whether it has begun */
async function pick(tabId, func) {
  const tab = await api.tabs.get(tabId).catch(() => { throw new RequestError("toolbar-page-gone"); });
  await stopPicking({}, { tab });
  if (!(await hasBegun(tabId, undefined, func))) throw new RequestError("toolbar-page-gone");
  await showTab(tabId);
}

/** Ends the pointing in all frames of the sender's tab. @param {{}} _ @param {Pick<Sender, "tab">} sender */
export async function stopPicking(_, { tab }) {
  if (tab?.id === undefined) return;
  const target = { tabId: tab.id, allFrames: true };
  const func = () => globalThis.sealwaxContent?.mail?.closeBar();
  await inTime(api.scripting.executeScript({ target, func, injectImmediately: true }).catch(() => {}));
}

/**
 * Opens the message window without a form. If the tab's webmail can send whole messages, it sends this message too.
 * @param {number} tabId @param {Sender} sender
 */
async function writeNew(tabId, sender) {
  const isBegun = await hasBegun(tabId, 0, () => globalThis.sealwaxContent.mail?.writeNew());
  if (!isBegun) await composing.open({ ...EMPTY, to: [], cc: [], bcc: [] }, sender);
}

/** Opens the message window for a `mailto:` link. @param {chrome.tabs.Tab} tab @param {string} address */
export async function writeTo(tab, address) {
  const letter = readMailto(address);
  // The letter belongs to no site, because the page of the link only proposes the content that the window shows.
  if (letter) await composing.open({ ...EMPTY, ...letter }, { tab, url: api.runtime.getURL(PAGE) });
}
