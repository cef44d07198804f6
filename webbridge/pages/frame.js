/**
 * The frame of every view: the name, the way to the mail and to writing, the lock, who is signed in, and at the foot
 * what the vault did last.
 */

import { html } from "./runtime/ui/dom.js";
import { lockMark, waxSeal } from "./runtime/ui/state_mark.js";
import { ask } from "./runtime/ui/parts.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./app.js").View} View */

/** @param {App} app */
export function createFrame(app) {
  const { translate } = app;
  const main = html("main", { class: "main", id: "main" });
  const vaultState = html("span", { id: "vault-state", data: { test: "vault-state" } });
  const startProgress = html("progress", { max: "1", "aria-labelledby": "vault-state", data: { test: "start-progress" } });
  const vaultLine = html("span", { class: "foot-vault" }, vaultState, startProgress);
  startProgress.hidden = true;
  const bar = createBar(app);
  const notice = html("div", { class: "notice", role: "status", data: { test: "notice" } });
  const element = html(
    "div",
    { class: "frame" },
    html("a", { class: "skip-link", href: "#main", text: translate("skip_to_content"), on: { click: skip } }),
    bar.element,
    notice,
    main,
    html("footer", { class: "foot" }, html("span", { text: translate("foot_promise") }), vaultLine),
  );

  /** @param {Event} event */
  function skip(event) {
    // The fragment belongs to the views' addresses: move the focus without changing it.
    event.preventDefault();
    const target = main.querySelector("h1, h2");
    if (target instanceof HTMLElement) target.focus();
  }

  return {
    element,
    update: bar.update,
    /**
     * @param {View} view
     * @param {string} hash
     */
    show(view, hash) {
      if (view.element.parentElement !== main) main.replaceChildren(view.element);
      bar.update(hash);
    },
    /** @param {string | null} text with the way to where it is explained, or nothing */
    setNotice(text) {
      const more = html("a", { href: "#/people", text: translate("people_title") });
      notice.replaceChildren(...(text ? [html("p", { text }), more] : []));
    },
    /** @param {string} text */
    setVaultState(text) {
      vaultState.textContent = text;
      startProgress.hidden = true;
    },
    /**
     * How far the first start has come.
     * @param {import("./runtime/assets.js").StartProgress} progress
     */
    showStart({ loaded, total, stage }) {
      if (stage === "ready") return;
      const isLoading = stage === "files";
      const sizes = { loaded: Math.round(loaded / 1_000_000), total: Math.round(total / 1_000_000) };
      vaultState.textContent = translate(isLoading ? "vault_loading" : "vault_starting", isLoading ? sizes : {});
      startProgress.hidden = false;
      // Without a value the element says that nobody knows how long it takes.
      if (isLoading) startProgress.setAttribute("value", String(loaded / total));
      else startProgress.removeAttribute("value");
    },
  };
}

/** @param {App} app */
function createBar(app) {
  const { translate } = app;
  const mail = html("a", { class: "bar-link", href: "#/folder/INBOX", text: translate("nav_mail") });
  const write = html("button", {
    class: "primary", type: "button", text: translate("nav_write"), data: { test: "write" },
    on: { click: () => app.write() },
  });
  const lock = html("button", { type: "button", data: { test: "lock" }, on: { click: () => toggleLock(app) } });
  const account = html("span", { class: "bar-account", dir: "auto", data: { test: "account" } });
  const signOut = html("button", {
    class: "quiet", type: "button", text: translate("sign_out"), data: { test: "sign-out" },
    on: { click: () => askToSignOut(app) },
  });
  const nav = html("nav", { class: "bar-nav", "aria-label": translate("nav_label") }, mail, write);
  const person = html("div", { class: "bar-person" }, account, lock, signOut);
  const name = html("span", { class: "bar-name" }, waxSeal(), "Sealwax");

  const update = (hash = location.hash) => {
    const signedIn = app.address !== null;
    nav.hidden = !signedIn;
    signOut.hidden = !signedIn;
    lock.hidden = !signedIn && !app.keys.unlocked;
    account.textContent = app.address ?? "";
    write.textContent = translate(app.hasDraft() ? "nav_write_on" : "nav_write");
    write.hidden = hash.startsWith("#/write");
    const word = translate(app.keys.unlocked ? "lock" : "unlock");
    const shape = lockMark("", { size: 20 });
    shape.setAttribute("aria-hidden", "true");
    lock.replaceChildren(shape, word);
    lock.dataset.unlocked = String(app.keys.unlocked);
    if (hash.startsWith("#/folder")) mail.setAttribute("aria-current", "page");
    else mail.removeAttribute("aria-current");
  };
  return { element: html("header", { class: "bar" }, name, nav, person), update };
}

/** @param {App} app */
function toggleLock(app) {
  if (app.keys.unlocked) app.lock();
  else app.navigate("/keys");
}

/**
 * Signing out discards a letter that was begun: this is asked, never done in silence.
 * @param {App} app
 */
function askToSignOut(app) {
  if (!app.hasDraft()) return void app.signOut();
  const { translate } = app;
  ask({
    title: translate("sign_out_question"),
    meaning: translate("sign_out_question_meaning"),
    keep: translate("keep_writing"),
    go: translate("sign_out_and_discard"),
    test: "sign-out-discard",
    onGo: () => void app.signOut(),
  });
}
