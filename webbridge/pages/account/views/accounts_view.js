/** The view of the accounts that are signed in in this browser: show one, add one, sign out. A tab without an account begins here. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../../../wasm_build/ui/formats.js";
import { ask, problem, whileBusy } from "../../../../wasm_build/ui/parts.js";
import { NEW_ACCOUNT } from "../accounts_here.js";
import { askToSignOut } from "../../app/frame.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../account_requests.js").AccountHere} AccountHere */
/** @typedef {import("../../offline/store.js").Sealed} Sealed */

/**
 * @param {App} app
 * @returns {import("../../app/app.js").View}
 */
export function createAccountsView(app) {
  const { translate, accounts } = app;
  const titleKey = app.address === null ? "accounts_choose_title" : "accounts_title";
  const heading = html("h1", { tabindex: -1, text: translate(titleKey) });
  const failure = problem("accounts-error");
  const list = html("ul", { class: "cards" });
  const further = html("div", { class: "stack" });
  const draw = () => {
    list.replaceChildren(...accounts.all.map((one) => createCard(app, one, { failure, look })));
    further.replaceChildren(...createFurther(app, failure));
  };
  const look = async () => {
    const before = JSON.stringify(accounts.all);
    try {
      await accounts.look();
    } catch (error) {
      failure.textContent = app.sentenceFor(error);
    }
    // The last account has signed out, in this tab or in another one.
    if (app.address === null && accounts.all.length === 0) return app.navigate("/sign-in");
    // A list that is drawn anew loses the focus, and a click.
    if (JSON.stringify(accounts.all) !== before) draw();
  };
  draw();
  void look();
  const element = html(
    "div", { class: "narrow stack", data: { test: "accounts-view" } },
    heading, html("p", { class: "lede", text: translate("accounts_meaning") }), list, failure, further,
  );
  return { element, heading, titleKey, renew: () => createAccountsView(app) };
}

/**
 * A button that shows another account in this tab.
 * @param {App} app @param {AccountHere} one @param {HTMLElement} failure @param {{text: string, isMain?: boolean}} options
 */
export function createShowButton(app, { address, account }, failure, { text, isMain = false }) {
  const button = html("button", {
    type: "button", class: isMain ? "primary" : undefined, text, "aria-label": app.translate("accounts_show_named", { address: isolate(address) }),
    data: { test: "account-show", account: address },
  });
  button.addEventListener("click", () => void showAccount(app, button, failure, account));
  return button;
}

/** @param {App} app @param {HTMLButtonElement} button @param {HTMLElement} failure @param {string} choice */
function showAccount(app, button, failure, choice) {
  return whileBusy(button, app.translate("loading"), async () => {
    failure.textContent = "";
    if (!(await app.changeAccount(choice))) failure.textContent = app.translate("accounts_unsaved");
  });
}

/** @param {App} app @param {AccountHere} one @param {{failure: HTMLElement, look: () => Promise<void>}} place */
function createCard(app, one, { failure, look }) {
  const { translate } = app;
  const { address } = one;
  const isShown = app.address !== null && sameAddress(app.address, address);
  const named = { address: isolate(address) };
  const out = html("button", {
    class: "quiet", type: "button", text: translate("sign_out"), "aria-label": translate("accounts_sign_out_named", named), data: { test: "account-sign-out" },
  });
  const signOut = () => void askAboutLetters(app, [address], (letters) => void app.attempt(out, translate("ending_session"), failure, async () => {
    if (!(await app.accounts.signOut(address, letters))) return signOut();
    void app.unlocking.tellSignedOut(address);
    await look();
    app.announce(translate("accounts_signed_out", named));
  }));
  out.addEventListener("click", () => (isShown ? void askToSignOut(app) : signOut()));
  const open = html("a", {
    class: "button", href: app.accounts.linkTo(one.account), target: "_blank", rel: "noopener", text: translate("accounts_open"),
    "aria-label": translate("accounts_open_named", named), data: { test: "account-open" },
  });
  const show = () => createShowButton(app, one, failure, { text: translate("accounts_show"), isMain: app.address === null });
  return html(
    "li", { class: "card", data: { test: "account-here" } },
    html("h2", { class: "card-title account-address", dir: "auto", text: address }),
    isShown ? html("p", { text: translate("accounts_shown") }) : null,
    html("div", { class: "actions" }, ...(isShown ? [out] : [show(), open, out])),
  );
}

/** @param {App} app @param {HTMLElement} failure */
function createFurther(app, failure) {
  const { translate, accounts } = app;
  if (!accounts.isOffered) return [];
  const add = html("button", { type: "button", text: translate("accounts_add"), data: { test: "account-add" } });
  add.addEventListener("click", () => void showAccount(app, add, failure, NEW_ACCOUNT));
  const all = html("button", { class: "quiet", type: "button", text: translate("accounts_sign_out_all"), data: { test: "sign-out-all" } });
  all.addEventListener("click", () => void askToSignOutOfAll(app));
  const parts = accounts.hasRoom ? [add] : [];
  if (accounts.all.length > 1) parts.push(all);
  return [
    accounts.all.length > 1 ? html("p", { class: "note", text: translate("accounts_keys") }) : null,
    accounts.hasRoom ? null : html("p", { class: "note", text: translate("error_too_many_accounts"), data: { test: "accounts-full" } }),
    html("div", { class: "actions" }, ...parts),
  ].filter((part) => part !== null);
}

/** Signs out of all accounts. Asks first if a letter would be lost. @param {App} app */
async function askToSignOutOfAll(app) {
  const { translate } = app;
  if (app.draftDesk.hasUnkept) await app.draftDesk.keepBeforeLock();
  const go = async (/** @type {Sealed[]} */ letters) => { if (!(await app.signOutAll(letters))) next(); };
  const next = () => void askAboutLetters(app, app.accounts.all.map(({ address }) => address), go);
  if (!app.draftDesk.hasUnkept) return next();
  ask({
    title: translate("sign_out_question"), meaning: translate("sign_out_question_meaning"), keep: translate("keep_writing"),
    go: translate("sign_out_and_discard"), test: "sign-out-discard", onGo: next,
  });
}

/**
 * Asks before letters that wait in the outboxes of accounts are deleted. `go` gets the letters.
 * @param {App} app @param {string[]} addresses @param {(letters: Sealed[]) => void} go
 */
async function askAboutLetters(app, addresses, go) {
  const { translate } = app;
  const letters = await app.accounts.findLetters(addresses);
  if (letters.length === 0) return go(letters);
  ask({
    title: translate("outbox_sign_out_question", { count: letters.length }), meaning: translate("outbox_sign_out_meaning"), keep: translate("keep"),
    go: translate("outbox_sign_out"), test: "sign-out-outbox", isDanger: true, onGo: () => go(letters),
  });
}
