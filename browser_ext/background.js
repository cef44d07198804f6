/**
 * The background script of the extension. It checks who may send each message (`shared/messages.js`) and passes the
 * message to its handler. It keeps no plaintext. Its variables can be lost at any time, because Chromium ends the
 * service worker after 30 idle seconds.
 */
import { api } from "./shared/api.js";
import { describeError, parseMessage } from "./shared/messages.js";
import { HANDLERS } from "./background/handlers.js";
import * as checkedSites from "./background/browser/checked_sites.js";
import * as downloads from "./background/browser/downloads.js";
import * as composing from "./background/writing/composing.js";
import * as frames from "./background/browser/frames.js";
import * as guide from "./background/browser/guide.js";
import * as mails from "./background/mail/mails.js";
import * as memory from "./background/browser/memory.js";
import * as openedMails from "./background/mail/opened_mails.js";
import * as optionsPage from "./background/browser/options_page.js";
import * as pages from "./background/pages/pages.js";
import * as parcels from "./background/parcels/parcels.js";
import * as pattern from "./background/jobs/pattern.js";
import * as prompts from "./background/jobs/prompts.js";
import * as questions from "./background/jobs/questions.js";
import * as session from "./background/keys/session.js";
import * as sites from "./background/browser/sites.js";
import * as toolbar from "./background/browser/toolbar.js";
import * as trust from "./background/people/trust.js";
import * as updates from "./background/browser/updates.js";
import { translate } from "./texts/texts.js";

const HELP_PAGE = "guide/help.html";
/**
 * The pages of the extension that may send messages, by the names of `shared/messages.js`. "options" are the keys and people, the
 * guide, and the help. The broker is the only page that may be in a frame, so it is not listed.
 * @type {Map<string, import("./shared/messages.js").Origin>}
 */
const PAGES = new Map([
  ["prompt/prompt.html", "prompt"], ["viewer/viewer.html", "viewer"], ["compose/compose.html", "compose"],
  ["toolbar/toolbar.html", "toolbar"], ["sign_in/sign_in.html", "sign-in"], ["stopped/stopped.html", "stopped"],
  ["parcel/parcel.html", "parcel"], ["viewer/page_viewer.html", "page"], ["page_save/page_save.html", "page"],
  ["options/options.html", "options"], ["guide/welcome.html", "options"], [HELP_PAGE, "options"],
]);

/** @typedef {chrome.contextMenus.OnClickData} Click */
/**
 * The entries of the context menus, by their ids. `act` needs no tab; `actIn` does nothing for a click without a tab.
 * @type {Record<string, {
 *   title: string, contexts: chrome.contextMenus.CreateProperties["contexts"], targetUrlPatterns?: string[],
 *   act?: (click: Click) => unknown, actIn?: (tabId: number, click: Click, tab: chrome.tabs.Tab) => unknown,
 * }>}
 */
const MENUS = {
  field: { title: "menu_field", contexts: ["editable"], actIn: (tabId, { frameId }) => toolbar.activate(tabId, frameId) },
  selection: {
    title: "decrypt_text", contexts: ["selection"],
    actIn: (tabId, { frameId }) => sites.runIn(tabId, frameId, () => globalThis.sealwaxContent.fields?.openSelection()),
  },
  viewer: { title: "open_file", contexts: ["action"], act: () => mails.openViewer({ mail: "" }) },
  "verify page": { title: "menu_verify_page", contexts: ["action", "page"], actIn: (tabId) => pages.openViewer(tabId) },
  "save page": { title: "menu_save_page", contexts: ["action", "page"], actIn: (tabId) => pages.openSaving(tabId) },
  "open link": {
    title: "open_with_sealwax", contexts: ["link"], targetUrlPatterns: ["http://*/*", "https://*/*"],
    actIn: (tabId, { linkUrl = "" }) => pages.openLink(tabId, linkUrl),
  },
  parcel: {
    title: "menu_parcel", contexts: ["link"], targetUrlPatterns: ["http://*/parcel.html*", "https://*/parcel.html*"],
    act: ({ linkUrl = "" }) => parcels.open({ address: linkUrl }),
  },
  "write to": {
    title: "menu_write_to", contexts: ["link"], targetUrlPatterns: ["mailto:*"],
    actIn: (_, { linkUrl = "" }, tab) => toolbar.writeTo(tab, linkUrl),
  },
  keys: { title: "keys_and_people", contexts: ["action"], act: () => optionsPage.open() },
  help: { title: "help", contexts: ["action"], act: () => api.tabs.create({ url: api.runtime.getURL(HELP_PAGE) }) },
  lock: { title: "lock_keys", contexts: ["action"], act: () => session.lock("hand") },
};

/** This promise settles when the keys have been locked after an installation or update. @type {Promise<void>} */
let starting = Promise.resolve();

api.runtime.onMessage.addListener((message, sender, reply) => {
  if (message?.to === "vault") return undefined;
  void answer(message, sender).then(reply);
  return true;
});

api.action.onClicked.addListener((tab) => void (tab.id !== undefined && toolbar.activate(tab.id)));

api.contextMenus.onClicked.addListener((click, tab) => {
  const { act, actIn } = MENUS[click.menuItemId];
  if (act) void act(click);
  else if (tab?.id !== undefined) void actIn?.(tab.id, click, tab);
});

api.tabs.onRemoved.addListener((tabId) => void frames.forgetTab(tabId));
api.tabs.onRemoved.addListener((tabId) => void openedMails.forgetTab(tabId));
api.tabs.onRemoved.addListener((tabId) => void memory.forget(`stopped:${tabId}`));
api.tabs.onRemoved.addListener((tabId) => void composing.forgetWindow(tabId));
api.windows.onRemoved.addListener((windowId) => void prompts.closed(windowId));
api.alarms.onAlarm.addListener(({ name }) => void (name === session.LOCK_ALARM && session.lockIfOver()));
api.alarms.onAlarm.addListener(({ name }) => void (name === downloads.ALARM && downloads.forgetOld()));
// Firefox never reports the state "locked".
api.idle.onStateChanged.addListener((state) => void (state === "locked" && session.lock("computer")));
api.permissions.onAdded.addListener(() => void sites.registerGranted());
api.permissions.onAdded.addListener(() => downloads.watch());
downloads.watch();
api.permissions.onRemoved.addListener(() => void sites.registerGranted());
api.runtime.onStartup.addListener(() => void session.lock("restart"));
// Firefox reads the administrator's settings when it starts, and reports no change of them.
api.runtime.onStartup.addListener(() => void followPolicy());
api.alarms.onAlarm.addListener(({ name }) => void (name === updates.UPDATE_ALARM && updates.applyWhenIdle()));
api.runtime.onInstalled.addListener((details) => {
  starting = startLocked();
  void starting.finally(() => setUp(details));
});
api.runtime.onUpdateAvailable.addListener(() => void updates.applyWhenIdle());
api.storage.onChanged.addListener((_, area) => void (area === "managed" && followPolicy()));

/**
 * @param {Parameters<typeof parseMessage>[0]} message
 * @param {Sender} sender
 */
async function answer(message, sender) {
  try {
    // Wait for the lock after an update. Otherwise the lock would end an operation that has just started.
    await starting;
    return { value: (await act(parseMessage(message, originOf(sender)), sender)) ?? null };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/**
 * @template {MessageType} T
 * @param {{type: T, body: BodyOf<T>}} message
 * @param {Sender} sender
 */
function act({ type, body }, sender) {
  /** @type {{[Type in MessageType]: (body: BodyOf<Type>, sender: Sender) => unknown}} */
  const handlers = HANDLERS;
  return questions.answer(type, body, sender, () => handlers[type](body, sender));
}

/**
 * The kind of context that sent a message, as the browser reports it. The content of the message is not used. Returns
 * null for a sender from which no message is accepted.
 * @param {Sender} sender
 * @returns {import("./shared/messages.js").Origin | null}
 */
function originOf(sender) {
  if (sender.id !== api.runtime.id || !sender.tab) return null;
  const base = api.runtime.getURL("");
  if (!sender.url?.startsWith(base)) return "content";
  const page = sender.url.slice(base.length).split(/[?#]/)[0];
  if (page === "frame/broker.html" || page === "frame/mail_frame.html") return "broker";
  // The broker is the only page of the extension that may be in a frame.
  return sender.frameId === 0 ? PAGES.get(page) ?? null : null;
}

/** Applies a changed policy of the administrator: the time limits of the session, and the organisation's list. */
async function followPolicy() {
  await session.lockIfOver();
  await trust.followPolicyList();
  await checkedSites.register();
}

async function startLocked() {
  await pattern.read();
  await session.lock("restart");
}

/** @param {chrome.runtime.InstalledDetails} details */
async function setUp({ reason, previousVersion }) {
  await sites.registerGranted();
  await api.contextMenus.removeAll();
  for (const [id, { title, contexts, targetUrlPatterns }] of Object.entries(MENUS)) {
    api.contextMenus.create({ id, title: translate(title), contexts, ...(targetUrlPatterns ? { targetUrlPatterns } : {}) });
  }
  await trust.followPolicyList();
  await checkedSites.register();
  if (reason === "install") await guide.open();
  if (reason === "update") await updates.remember(previousVersion);
}
