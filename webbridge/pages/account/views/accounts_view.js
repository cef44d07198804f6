/**
 * The view of the accounts that are signed in in this browser. In it, the person shows an account, adds one, or signs out. A
 * tab without an account begins here.
 */

import { html, problem, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { NEW_ACCOUNT } from "../accounts_here.js";
import { askToSignOut } from "./sign_out_question.js";

/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../accounts_here.js").AccountsHere} AccountsHere */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../keys/views/unlocking.js").Unlocking} Unlocking */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../drafts/unfinished_drafts.js").UnfinishedDrafts} UnfinishedDrafts */
/** @typedef {import("./sign_out_question.js").SignOutServices} SignOutServices */
/**
 * @typedef {{
 *   translate: Catalogue, accounts: AccountsHere, address: string | null, sentenceFor: SentenceFor,
 *   navigate: Navigate, attempt: Attempt, unlocking: Unlocking, announce: Announce, unfinishedDrafts: UnfinishedDrafts,
 *   signOutAll: (letters: Sealed[]) => Promise<boolean>,
 * } & SignOutServices & AccountChangeServices} AccountsServices
 */
/** @typedef {{translate: Catalogue, changeAccount: (choice: string) => Promise<boolean>}} AccountChangeServices */
/** @typedef {import("../account_requests.js").AccountHere} AccountHere */
/** @typedef {import("../../offline/letter_store.js").Sealed} Sealed */

/**
 * @param {AccountsServices} services
 * @returns {View}
 */
export function createAccountsView(services) {
  const { translate, accounts } = services;
  const titleKey = services.address === null ? "accounts_choose_title" : "accounts_title";
  const heading = html("h1", { tabindex: -1, text: translate(titleKey) });
  const failure = problem("accounts-error");
  const list = html("ul", { class: "cards" });
  const further = html("div", { class: "stack" });
  const draw = () => {
    list.replaceChildren(...accounts.all.map((accountHere) => createCard(services, accountHere, { failure, look })));
    further.replaceChildren(...createFurther(services, failure));
  };
  const look = async () => {
    const before = JSON.stringify(accounts.all);
    await accounts.look().catch((error) => { failure.textContent = services.sentenceFor(error); });
    // No account is signed in any more. The sign-out may have been in another tab.
    if (services.address === null && accounts.all.length === 0) return services.navigate("/sign-in");
    // Without a change the list is not drawn again, because the focus or a click could be lost.
    if (JSON.stringify(accounts.all) !== before) draw();
  };
  draw();
  void look();
  return {
    element: html(
      "div", { class: "narrow stack", data: { test: "accounts-view" } },
      heading, html("p", { class: "lede", text: translate("accounts_meaning") }), list, failure, further,
    ),
    heading, titleKey, renew: () => createAccountsView(services),
  };
}

/**
 * A button that shows another account in this tab.
 * @param {AccountChangeServices} services @param {AccountHere} one @param {HTMLElement} failure
 * @param {{text: string, isMain?: boolean}} options
 */
export function createShowButton(services, { address, account }, failure, { text, isMain = false }) {
  const button = html("button", {
    type: "button", class: isMain ? "primary" : undefined, text,
    "aria-label": services.translate("accounts_show_named", { address: isolate(address) }), data: { test: "account-show", account: address },
    on: { click: () => void showAccount(services, button, failure, account) },
  });
  return button;
}

/** @param {AccountChangeServices} services @param {HTMLButtonElement} button @param {HTMLElement} failure @param {string} choice */
function showAccount(services, button, failure, choice) {
  return whileBusy(button, services.translate("loading"), async () => {
    failure.textContent = "";
    if (!(await services.changeAccount(choice))) failure.textContent = services.translate("accounts_unsaved");
  });
}

/** @param {AccountsServices} services @param {AccountHere} accountHere @param {{failure: HTMLElement, look: () => Promise<void>}} place */
function createCard(services, accountHere, { failure, look }) {
  const { translate } = services;
  const { address } = accountHere;
  const isShown = services.address !== null && sameAddress(services.address, address);
  const named = { address: isolate(address) };
  const out = html("button", {
    class: "quiet", type: "button", text: translate("sign_out"), "aria-label": translate("accounts_sign_out_named", named), data: { test: "account-sign-out" },
    on: { click: () => (isShown ? void askToSignOut(services) : signOut()) },
  });
  const end = async (/** @type {Sealed[]} */ letters) => {
    if (!(await services.accounts.signOut(address, letters))) return signOut();
    void services.unlocking.tellSignedOut(address);
    await look();
    services.announce(translate("accounts_signed_out", named));
  };
  const signOut = () => void askAboutLetters(services, [address], (letters) =>
    void services.attempt(out, translate("ending_session"), failure, () => end(letters)));
  const open = html("a", {
    class: "button", href: services.accounts.linkTo(accountHere.account), target: "_blank", rel: "noopener",
    text: translate("accounts_open"), "aria-label": translate("accounts_open_named", named), data: { test: "account-open" },
  });
  return html(
    "li", { class: "card", data: { test: "account-here" } },
    html("h2", { class: "card-title account-address", dir: "auto", text: address }),
    isShown ? html("p", { text: translate("accounts_shown") }) : null,
    isShown ? html("div", { class: "actions" }, out) : html(
      "div", { class: "actions" },
      createShowButton(services, accountHere, failure, { text: translate("accounts_show"), isMain: services.address === null }),
      open, out,
    ),
  );
}

/** @param {AccountsServices} services @param {HTMLElement} failure */
function createFurther(services, failure) {
  const { translate, accounts } = services;
  if (!accounts.isOffered) return [];
  const add = html("button", {
    type: "button", text: translate("accounts_add"), data: { test: "account-add" },
    on: { click: () => void showAccount(services, add, failure, NEW_ACCOUNT) },
  });
  const all = html("button", {
    class: "quiet", type: "button", text: translate("accounts_sign_out_all"), data: { test: "sign-out-all" },
    on: { click: () => void askToSignOutOfAll(services) },
  });
  return [
    accounts.all.length > 1 ? html("p", { class: "note", text: translate("accounts_keys") }) : null,
    accounts.hasRoom ? null : html("p", { class: "note", text: translate("error_too_many_accounts"), data: { test: "accounts-full" } }),
    html("div", { class: "actions" }, accounts.hasRoom && add, accounts.all.length > 1 && all),
  ].filter((part) => part !== null);
}

/** Signs out of all accounts. Asks first if a letter would be lost. @param {AccountsServices} services */
async function askToSignOutOfAll(services) {
  const { translate } = services;
  if (services.unfinishedDrafts.hasUnkept) await services.unfinishedDrafts.keepBeforeLock();
  const go = async (/** @type {Sealed[]} */ letters) => { if (!(await services.signOutAll(letters))) next(); };
  const next = () => void askAboutLetters(services, services.accounts.all.map(({ address }) => address), go);
  if (!services.unfinishedDrafts.hasUnkept) return next();
  ask({
    title: translate("sign_out_question"), meaning: translate("sign_out_question_meaning"), keep: translate("keep_writing"),
    go: translate("sign_out_and_discard"), test: "sign-out-discard", onGo: next,
  });
}

/**
 * Asks the person before waiting letters of these accounts are deleted. `go` gets the letters that may be deleted.
 * @param {AccountsServices} services @param {string[]} addresses @param {(letters: Sealed[]) => void} go
 */
async function askAboutLetters({ translate, accounts }, addresses, go) {
  const letters = await accounts.findLetters(addresses);
  if (letters.length === 0) return go(letters);
  ask({
    title: translate("outbox_sign_out_question", { count: letters.length }), meaning: translate("outbox_sign_out_meaning"), keep: translate("keep"),
    go: translate("outbox_sign_out"), test: "sign-out-outbox", isDanger: true, onGo: () => go(letters),
  });
}
