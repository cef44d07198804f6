/**
 * The background: decides who may ask what (`shared/messages.js`), and routes it. It holds no plaintext and no state
 * that must outlive it: Chromium ends it after 30 idle seconds.
 */
import { api } from "./shared/api.js";
import { parseMessage } from "./shared/messages.js";
import * as composing from "./background/composing.js";
import * as alterations from "./background/alterations.js";
import * as backup from "./background/backup.js";
import * as contacts from "./background/contacts.js";
import * as database from "./background/database.js";
import * as fields from "./background/fields.js";
import * as files from "./background/files.js";
import * as forms from "./background/forms.js";
import * as frames from "./background/frames.js";
import * as guide from "./background/guide.js";
import * as jobs from "./background/jobs.js";
import * as keys from "./background/keys.js";
import * as mails from "./background/mails.js";
import * as pages from "./background/pages.js";
import * as pattern from "./background/pattern.js";
import * as policy from "./background/policy.js";
import * as preferences from "./background/preferences.js";
import * as prompts from "./background/prompts.js";
import * as questions from "./background/questions.js";
import * as recipientSearch from "./background/recipient_search.js";
import * as requests from "./background/requests.js";
import * as session from "./background/session.js";
import * as sites from "./background/sites.js";
import * as trust from "./background/trust.js";
import * as unsigned from "./background/unsigned.js";
import * as updates from "./background/updates.js";
import * as vault from "./background/vault_link.js";

const MENU_FIELD = "field";
const MENU_SELECTION = "selection";
const MENU_LOCK = "lock";
const MENU_KEYS = "keys";
const MENU_VIEWER = "viewer";
const MENU_HELP = "help";
const HELP_PAGE = "help.html";
/** Pages of the extension in tabs of their own that may do what the one with keys and people may. */
const OPTIONS_PAGES = ["options.html", "welcome.html", HELP_PAGE];
const MENU_VERIFY_PAGE = "verify page";
const MENU_SAVE_PAGE = "save page";
const MENU_OPEN_LINK = "open link";

/** @typedef {chrome.runtime.MessageSender} Sender */
/** @type {Record<string, (body: any, sender: Sender) => unknown>} */
const HANDLERS = {
  "content.load": sites.load,
  "frame.request": frames.request,
  "frame.window": frames.moveToWindow,
  "frame.lost": frames.lost,
  "frame.claim": claimFrame,
  "frame.left": frames.left,
  "field.keep": frames.keep,
  "field.kept": frames.kept,
  "frame.close": closeFrame,
  "field.write": fields.write,
  "field.open": fields.open,
  "field.settle": fields.settle,
  "trust.propose": fields.propose,
  "mail.hold": mails.hold,
  "mail.inspect": mails.inspect,
  "mail.certificates": mails.certificates,
  "mail.open": mails.open,
  "mail.settle": mails.settle,
  "mail.file": mails.file,
  "mail.attached": mails.openAttached,
  "mail.propose": mails.propose,
  "mail.answer": mails.answer,
  "viewer.open": mails.openViewer,
  "viewer.claim": mails.claimViewer,
  "field.altered": alterations.report,
  "form.request": forms.request,
  "form.unsigned": unsigned.report,
  "files.request": files.request,
  "files.part": files.holdPart,
  "files.take": files.take,
  "page.fetch": pages.fetchFrom,
  "page.take": pages.take,
  "page.open": pages.open,
  "page.password": pages.openByPassword,
  "page.settle": pages.settle,
  "page.propose": pages.propose,
  "page.identities": async () => ({ identities: await keys.identities() }),
  "page.unlock": pages.unlock,
  "page.copy": pages.copyFrom,
  "page.preview": pages.preview,
  "page.seal": pages.seal,
  "job.wait": async (body, sender) => jobs.wait(body.job, (await frames.ofBroker(body.frame, sender)).id),
  "people.check": keys.checkPerson,
  "people.add": recipientSearch.add,
  "people.add-file": recipientSearch.addFile,
  "prompt.claim": prompts.claim,
  "prompt.unlock": prompts.unlock,
  "prompt.agree": prompts.agree,
  "prompt.leave": prompts.leave,
  "prompt.refuse": prompts.refuse,
  "keys.list": keys.list,
  "keys.import": keys.importKeyFile,
  "keys.remove": ({ id }) => keys.removeKeyFile(id),
  "people.import": ({ bytes }) => keys.importCertificates("people", bytes),
  "people.remove": ({ id }) => database.remove("people", id),
  "anchors.import": ({ bytes }) => keys.importCertificates("anchors", bytes),
  "anchors.remove": ({ id }) => database.remove("anchors", id),
  "trust.proposal": trust.proposal,
  "trust.drop": trust.dropProposal,
  "trust.accept": trust.accept,
  "authority.proposal": trust.ownAuthority,
  "authority.accept": trust.acceptOwnAuthority,
  "authority.drop": trust.dropOwnAuthority,
  "trust.remove": trust.takeBack,
  "trust.settings": trust.changeSettings,
  "list.import": trust.followList,
  "list.stop": trust.stopFollowing,
  "keys.page": keys.describePage,
  "keys.prefer": keys.prefer,
  "keys.export": keys.exportKeyFile,
  "keys.passphrase": keys.changePassphrase,
  "request.make": requests.make,
  "request.finish": requests.finish,
  "request.drop": requests.drop,
  "contacts.remove": contacts.remove,
  "change.accept": contacts.acceptChange,
  "change.refuse": contacts.refuseChange,
  "preferences.change": changePreferences,
  "backup.make": backup.make,
  "backup.here": backup.countHere,
  "backup.review": backup.review,
  "backup.restore": backup.restore,
  "sites.remove": sites.remove,
  "session.lock": () => session.lock("hand"),
  "pattern.read": pattern.read,
  "pattern.change": pattern.change,
  "compose.open": composing.open,
  "compose.claim": composing.claim,
  "compose.identities": composing.listIdentities,
  "compose.unlock": composing.unlock,
  "compose.original": composing.original,
  "compose.whole": composing.whole,
  "compose.look-up": composing.lookUp,
  "compose.check": composing.check,
  "compose.certificate": composing.takeCertificate,
  "compose.ask": composing.askFor,
  "compose.keep": composing.keepDraft,
  "compose.restore": composing.openDraft,
  "compose.drop": composing.dropDraft,
  "compose.send": composing.send,
  "compose.save": composing.saveAsFiles,
  "compose.close": composing.close,
  "guide.open": guide.open,
  "guide.step": guide.readStep,
  "guide.keep": guide.keepStep,
  "guide.message": guide.openMessage,
  "update.read": updates.readNews,
  "update.seen": updates.forgetNews,
  "policy.read": async () => ({ set: (await policy.read()).set }),
  "policy.export": async () => ({ ...(await trust.asPolicy()), ...(await preferences.asPolicy()) }),
  "vault.key": () => vault.call("vault.key"),
  "options.open": () => api.runtime.openOptionsPage(),
  "heartbeat": () => null,
};

/** The lock after an installation or update. @type {Promise<void>} */
let starting = Promise.resolve();

api.runtime.onMessage.addListener((message, sender, reply) => {
  if (message?.to === "vault") return undefined;
  void answer(message, sender).then(reply);
  return true;
});

api.action.onClicked.addListener((tab) => void (tab.id !== undefined && sites.activate(tab.id)));

api.contextMenus.onClicked.addListener((info, tab) => {
  if (info.menuItemId === MENU_LOCK) void session.lock("hand");
  else if (info.menuItemId === MENU_KEYS) void api.runtime.openOptionsPage();
  else if (info.menuItemId === MENU_VIEWER) void mails.openViewer({ mail: "" });
  else if (info.menuItemId === MENU_HELP) void api.tabs.create({ url: api.runtime.getURL(HELP_PAGE) });
  else if (tab?.id === undefined) return;
  else if (info.menuItemId === MENU_SELECTION) void sites.openSelection(tab.id, info.frameId);
  else if (info.menuItemId === MENU_VERIFY_PAGE) void pages.openViewer(tab.id);
  else if (info.menuItemId === MENU_SAVE_PAGE) void pages.openSaving(tab.id);
  else if (info.menuItemId === MENU_OPEN_LINK) void pages.openLink(tab.id, info.linkUrl ?? "");
  else void sites.activate(tab.id, info.frameId);
});

api.tabs.onRemoved.addListener((tabId) => void frames.forgetTab(tabId));
api.tabs.onRemoved.addListener((tabId) => void composing.forgetWindow(tabId));
api.windows.onRemoved.addListener((windowId) => void prompts.closed(windowId));
api.alarms.onAlarm.addListener(({ name }) => void (name === session.LOCK_ALARM && lockIfOver()));
// Firefox never says "locked".
api.idle.onStateChanged.addListener((state) => void (state === "locked" && session.lock("computer")));
api.permissions.onAdded.addListener(() => void sites.registerGranted());
api.permissions.onRemoved.addListener(() => void sites.registerGranted());
api.runtime.onStartup.addListener(() => void session.lock("restart"));
api.alarms.onAlarm.addListener(({ name }) => void (name === updates.UPDATE_ALARM && updates.applyWhenIdle()));
api.runtime.onInstalled.addListener((details) => {
  starting = startLocked();
  void starting.finally(() => setUp(details));
});
api.runtime.onUpdateAvailable.addListener(() => void updates.applyWhenIdle());
api.storage.onChanged.addListener((_, area) => void (area === "managed" && followPolicy()));

/**
 * @param {any} message
 * @param {Sender} sender
 */
async function answer(message, sender) {
  try {
    // The lock would end what was asked for meanwhile.
    await starting;
    const { type, body } = parseMessage(message, originOf(sender));
    return { value: (await questions.answer(type, body, sender, () => HANDLERS[type](body, sender))) ?? null };
  } catch (error) {
    const { code = "unknown", message: text } = /** @type {any} */ (error);
    return { error: { code: String(code), message: String(text) } };
  }
}

/**
 * Which kind of context speaks: known from what the browser says of the sender, never from the message.
 * @param {Sender} sender
 * @returns {import("./shared/messages.js").Origin | null}
 */
function originOf(sender) {
  if (sender.id !== api.runtime.id || !sender.tab) return null;
  const base = api.runtime.getURL("");
  if (!sender.url?.startsWith(base)) return "content";
  const page = sender.url.slice(base.length).split(/[?#]/)[0];
  if (page === "broker.html" || page === "mail_frame.html") return "broker";
  // Only the broker may stand in a frame.
  if (sender.frameId !== 0) return null;
  if (page === "prompt.html") return "prompt";
  if (page === "viewer.html") return "viewer";
  if (page === "compose.html") return "compose";
  if (page === "page_viewer.html" || page === "page_save.html") return "page";
  return OPTIONS_PAGES.includes(page) ? "options" : null;
}

/** @param {any} body @param {Sender} sender */
async function claimFrame(body, sender) {
  const frame = await frames.claim(body, sender);
  await frames.tellPage(frame, { type: "frame.claimed" });
  const { id, kind, sign, encrypt, moved, kept } = frame;
  return { frame: id, kind, sign, encrypt, moved, kept, pattern: await pattern.read() };
}

/** @param {any} body @param {Sender} sender */
async function closeFrame(body, sender) {
  const frame = await frames.ofBroker(body.frame, sender);
  await frames.close(frame);
  if (frame.kind === "mail") await vault.call("mail.forget", { frame: frame.id });
}

/** @param {import("./background/preferences.js").Preferences} body */
async function changePreferences(body) {
  const before = await preferences.change(body);
  // The vault takes private keys in one way for its whole life: the next one begins with what was set.
  if (before.strict !== body.strict) await session.lock("hand");
  await lockIfOver();
}

/** An administrator has set something anew. */
async function followPolicy() {
  await lockIfOver();
  await trust.followPolicyList();
}

async function lockIfOver() {
  await session.lockIfOver({ keepVault: await jobs.isAnyWaiting() });
}

async function startLocked() {
  await pattern.read();
  await session.lock("restart");
}

/** @param {chrome.runtime.InstalledDetails} details */
async function setUp({ reason, previousVersion }) {
  await sites.registerGranted();
  await api.contextMenus.removeAll();
  const title = (/** @type {string} */ key) => api.i18n.getMessage(key);
  api.contextMenus.create({ id: MENU_FIELD, title: title("menuField"), contexts: ["editable"] });
  api.contextMenus.create({ id: MENU_SELECTION, title: title("menuSelection"), contexts: ["selection"] });
  api.contextMenus.create({ id: MENU_VIEWER, title: title("menuViewer"), contexts: ["action"] });
  api.contextMenus.create({ id: MENU_VERIFY_PAGE, title: title("menuVerifyPage"), contexts: ["action", "page"] });
  api.contextMenus.create({ id: MENU_SAVE_PAGE, title: title("menuSavePage"), contexts: ["action", "page"] });
  api.contextMenus.create({ id: MENU_OPEN_LINK, title: title("menuOpenLink"), contexts: ["link"] });
  api.contextMenus.create({ id: MENU_KEYS, title: title("menuKeys"), contexts: ["action"] });
  api.contextMenus.create({ id: MENU_HELP, title: title("menuHelp"), contexts: ["action"] });
  api.contextMenus.create({ id: MENU_LOCK, title: title("menuLock"), contexts: ["action"] });
  await trust.followPolicyList();
  if (reason === "install") await guide.open();
  if (reason === "update") await updates.remember(previousVersion);
}
