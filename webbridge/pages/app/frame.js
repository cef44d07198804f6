/**
 * The frame around every view: the name, the links to read and write mail, the lock, the account, and the vault's state in
 * the footer.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { actIcon } from "./act_icons.js";
import { lockMark, waxSeal } from "../../../wasm_build/ui/state_mark.js";
import { askToSignOut } from "../account/views/sign_out_question.js";
import { folderPath, followAgain, INBOX } from "./routes.js";
import { createSkipLink } from "./views/skip_link.js";
import { createVaultLine } from "./views/vault_line.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./services.js").View} View */
/** @typedef {import("./services.js").Write} Write */
/** @typedef {import("./services.js").Navigate} Navigate */
/** @typedef {import("../account/accounts_here.js").AccountsHere} AccountsHere */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../account/views/sign_out_question.js").SignOutServices} SignOutServices */
/**
 * @typedef {{
 *   translate: Catalogue, write: Write, navigate: Navigate,
 *   address: string | null, hasDraft: () => boolean, accounts: AccountsHere, keys: KeyRing,
 *   lock: () => Promise<void>, vaultState: import("./vault_state.js").VaultState,
 *   sendingBar: Pick<import("../writing/views/sending_bar.js").SendingBar, "element">,
 * } & SignOutServices} FrameServices
 */

/** The acts on the shown view. @typedef {{search: () => void, toggleFolders: () => void}} ShownActs */

/** @param {FrameServices} services @param {ShownActs} acts */
export function createFrame(services, acts) {
  const { translate } = services;
  const main = html("main", { class: "main", id: "main" });
  const body = html("div", { class: "frame-body" }, main);
  const vault = createVaultLine(translate, services.vaultState);
  let bar = createBar(services, acts);
  const notices = html("div", { role: "status", data: { test: "notice" } });
  const element = html("div", { class: "frame" });
  const draw = () => {
    const foot = html("footer", { class: "foot" }, html("span", { text: translate("foot_promise") }), vault.element);
    element.replaceChildren(createSkipLink(translate, main), bar.element, services.sendingBar.element, notices, body, foot);
  };
  draw();
  return {
    element,
    update: () => bar.update(),
    /** Draws the frame in the present language. */
    redraw() {
      bar = createBar(services, acts);
      vault.draw();
      draw();
    },
    /**
     * @param {View} view
     * @param {string} hash
     */
    show(view, hash) {
      if (view.element.parentElement !== main) main.replaceChildren(view.element);
      bar.update(hash);
    },
    /** Shows the pane with the folders beside the view. @param {HTMLElement | null} pane null without an account */
    setPane(pane) {
      if (pane?.parentElement !== body) body.replaceChildren(...(pane ? [pane] : []), main);
    },
    /** @param {HTMLElement} element in place of the first view */
    wait(element) {
      main.replaceChildren(element);
    },
    /** @param {HTMLElement[]} shown above every view */
    setNotices(shown) {
      notices.replaceChildren(...shown);
    },
  };
}

/** @param {FrameServices} services @param {ShownActs} acts */
function createBar(services, acts) {
  const nav = createNav(services, acts);
  const person = createPerson(services);
  const update = (hash = location.hash) => {
    nav.update(hash);
    person.update(hash);
  };
  return {
    element: html("header", { class: "bar" }, html("span", { class: "bar-name" }, waxSeal(), "Sealwax"), nav.element, person.element),
    update,
  };
}

/**
 * The links to read and write mail.
 * @param {FrameServices} services @param {ShownActs} acts
 */
function createNav(services, acts) {
  const { translate } = services;
  const mail = html("a", { class: "bar-link", href: `#${folderPath(INBOX)}` }, actIcon("mail"), translate("mail"));
  const writeWord = html("span", { class: "wide-only" });
  const writeShort = html("span", { class: "phone-only" });
  const write = html("button", {
    class: "primary", type: "button", data: { test: "write" }, on: { click: () => services.write() },
  }, actIcon("write"), writeWord, writeShort);
  // On a phone the navigation is at the bottom of the mail view, with the links that a wide page shows beside the list.
  const search = html("button", {
    class: "quiet phone-only", type: "button", data: { test: "nav-search" }, on: { click: () => acts.search() },
  }, actIcon("search"), translate("search"));
  const menu = html("button", {
    class: "quiet phone-only", type: "button", data: { test: "nav-menu" }, on: { click: () => acts.toggleFolders() },
  }, actIcon("menu"), translate("folders"));
  const element = html("nav", {
    class: "bar-nav", "aria-label": translate("mail"),
    on: { click: (event) => followAgain(event, (path) => services.navigate(path)) },
  }, mail, search, write, menu);
  const update = (/** @type {string} */ hash) => {
    element.hidden = services.address === null;
    writeWord.textContent = translate(services.hasDraft() ? "nav_write_on" : "nav_write");
    writeShort.textContent = translate(services.hasDraft() ? "draft_continue" : "nav_write");
    write.hidden = hash.startsWith("#/write");
    markCurrent(mail, hash.startsWith("#/folder"));
  };
  return { element, update };
}

/** The account, the lock, and the sign-out. @param {FrameServices} services */
function createPerson(services) {
  const { translate } = services;
  const lock = html("button", {
    type: "button", data: { test: "lock" },
    on: { click: () => (services.keys.unlocked ? void services.lock() : services.navigate("/keys")) },
  });
  const account = html("a", { class: "bar-account", dir: "auto", href: "#/settings", data: { test: "account" } }, html("span", { class: "bar-address" }));
  const accounts = html("a", { class: "bar-link bar-accounts", href: "#/accounts", data: { test: "accounts" } }, actIcon("accounts"));
  const signOut = html("button", {
    class: "quiet", type: "button", text: translate("sign_out"), data: { test: "sign-out" },
    on: { click: () => void askToSignOut(services) },
  });
  const update = (/** @type {string} */ hash) => {
    const signedIn = services.address !== null;
    signOut.hidden = !signedIn;
    /** @type {HTMLElement} */ (account.firstElementChild).textContent = services.address ?? "";
    account.dataset.initial = [...services.address ?? ""][0]?.toUpperCase() ?? "";
    account.hidden = !signedIn;
    account.title = translate("settings_title");
    accounts.hidden = !signedIn || !services.accounts.isOffered;
    accounts.title = translate("accounts_switch");
    accounts.setAttribute("aria-label", translate("accounts_switch"));
    lock.hidden = !signedIn && !services.keys.unlocked;
    drawLock(lock, services);
    markCurrent(accounts, hash.startsWith("#/accounts"));
    markCurrent(account, hash.startsWith("#/settings"));
  };
  return { element: html("div", { class: "bar-person" }, account, accounts, lock, signOut), update };
}

/** @param {HTMLElement} lock @param {FrameServices} services */
function drawLock(lock, { translate, keys }) {
  lock.replaceChildren(lockMark("", { size: 20 }), translate(keys.unlocked ? "lock" : "unlock"));
  lock.dataset.unlocked = String(keys.unlocked);
}

/** @param {HTMLElement} link @param {boolean} isCurrent whether it leads to the shown view */
function markCurrent(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
