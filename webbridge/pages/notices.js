/** The notices above every view: what the person has to know before anything else. */

import { html } from "../../wasm_build/ui/dom.js";
import { createResetNotice } from "../../wasm_build/ui/reset_notice.js";
import { forgetReset } from "./begun_reset.js";
import { isKeepingTrouble } from "./kept_trust.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app @returns {HTMLElement[]} */
export function createNotices(app) {
  const { kept, keys, translate } = app;
  const found = [];
  if (isKeepingTrouble(kept.keeping)) {
    const more = html("a", { href: "#/people", text: translate("people_title") });
    const text = html("p", { text: translate(`trust_${kept.keeping.replace("-", "_")}`) });
    found.push(html("div", { class: "notice" }, text, more));
  }
  found.push(...app.draftDesk.createNotices());
  const ready = keys.account?.resetReady;
  if (ready) found.push(createResetNotice(app, ready, () => keys.stopReset().then(forgetReset)));
  return found;
}
