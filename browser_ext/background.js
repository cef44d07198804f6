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

const MENU_FIELD = "field";
const MENU_SELECTION = "selection";
const MENU_LOCK = "lock";
const MENU_KEYS = "keys";
const MENU_VIEWER = "viewer";
const MENU_HELP = "help";
const HELP_PAGE = "guide/help.html";
/** Pages that count as "options" in the table of messages: keys and people, the guide, and the help. */
const OPTIONS_PAGES = ["options/options.html", "guide/welcome.html", HELP_PAGE];
const MENU_VERIFY_PAGE = "verify page";
const MENU_SAVE_PAGE = "save page";
const MENU_OPEN_LINK = "open link";
const MENU_WRITE_TO = "write to";
const MENU_PARCEL = "parcel";

/** This promise settles when the keys have been locked after an installation or update. @type {Promise<void>} */
let starting = Promise.resolve();

api.runtime.onMessage.addListener((message, sender, reply) => {
  if (message?.to === "vault") return undefined;
  void answer(message, sender).then(reply);
  return true;
});

api.action.onClicked.addListener((tab) => void (tab.id !== undefined && toolbar.activate(tab.id)));

api.contextMenus.onClicked.addListener((info, tab) => {
  if (info.menuItemId === MENU_LOCK) void session.lock("hand");
  else if (info.menuItemId === MENU_KEYS) void optionsPage.open();
  else if (info.menuItemId === MENU_VIEWER) void mails.openViewer({ mail: "" });
  else if (info.menuItemId === MENU_HELP) void api.tabs.create({ url: api.runtime.getURL(HELP_PAGE) });
  else if (info.menuItemId === MENU_PARCEL) void parcels.open({ address: info.linkUrl ?? "" });
  else if (tab?.id === undefined) return;
  else if (info.menuItemId === MENU_SELECTION) void sites.openSelection(tab.id, info.frameId);
  else if (info.menuItemId === MENU_VERIFY_PAGE) void pages.openViewer(tab.id);
  else if (info.menuItemId === MENU_SAVE_PAGE) void pages.openSaving(tab.id);
  else if (info.menuItemId === MENU_WRITE_TO) void toolbar.writeTo(tab, info.linkUrl ?? "");
  else if (info.menuItemId === MENU_OPEN_LINK) void pages.openLink(tab.id, info.linkUrl ?? "");
  else void toolbar.activate(tab.id, info.frameId);
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
  if (sender.frameId !== 0) return null;
  if (page === "prompt/prompt.html") return "prompt";
  if (page === "viewer/viewer.html") return "viewer";
  if (page === "compose/compose.html") return "compose";
  if (page === "toolbar/toolbar.html") return "toolbar";
  if (page === "sign_in/sign_in.html") return "sign-in";
  if (page === "stopped/stopped.html") return "stopped";
  if (page === "parcel/parcel.html") return "parcel";
  if (page === "viewer/page_viewer.html" || page === "page_save/page_save.html") return "page";
  return OPTIONS_PAGES.includes(page) ? "options" : null;
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
  api.contextMenus.create({ id: MENU_FIELD, title: translate("menu_field"), contexts: ["editable"] });
  api.contextMenus.create({ id: MENU_SELECTION, title: translate("decrypt_text"), contexts: ["selection"] });
  api.contextMenus.create({ id: MENU_VIEWER, title: translate("open_file"), contexts: ["action"] });
  api.contextMenus.create({ id: MENU_VERIFY_PAGE, title: translate("menu_verify_page"), contexts: ["action", "page"] });
  api.contextMenus.create({ id: MENU_SAVE_PAGE, title: translate("menu_save_page"), contexts: ["action", "page"] });
  api.contextMenus.create({ id: MENU_OPEN_LINK, title: translate("open_with_sealwax"), contexts: ["link"], targetUrlPatterns: ["http://*/*", "https://*/*"] });
  api.contextMenus.create({ id: MENU_PARCEL, title: translate("menu_parcel"), contexts: ["link"], targetUrlPatterns: ["http://*/parcel.html*", "https://*/parcel.html*"] });
  api.contextMenus.create({ id: MENU_WRITE_TO, title: translate("menu_write_to"), contexts: ["link"], targetUrlPatterns: ["mailto:*"] });
  api.contextMenus.create({ id: MENU_KEYS, title: translate("keys_and_people"), contexts: ["action"] });
  api.contextMenus.create({ id: MENU_HELP, title: translate("help"), contexts: ["action"] });
  api.contextMenus.create({ id: MENU_LOCK, title: translate("lock_keys"), contexts: ["action"] });
  await trust.followPolicyList();
  await checkedSites.register();
  if (reason === "install") await guide.open();
  if (reason === "update") await updates.remember(previousVersion);
}
