/** The notices above every view: what the person has to know before anything else. */

import { html } from "../../wasm_build/ui/dom.js";
import { longDate } from "../../wasm_build/ui/formats.js";
import { problem } from "../../wasm_build/ui/parts.js";
import { isKeepingTrouble } from "./kept_trust.js";

/** @typedef {import("./app.js").App} App */

const MILLISECONDS = 1_000;

/** @param {App} app @returns {HTMLElement[]} */
export function createNotices(app) {
  const { kept, keys, translate } = app;
  const found = [];
  if (isKeepingTrouble(kept.keeping)) {
    const more = html("a", { href: "#/people", text: translate("people_title") });
    const text = html("p", { text: translate(`trust_${kept.keeping.replace("-", "_")}`) });
    found.push(html("div", { class: "notice" }, text, more));
  }
  const ready = keys.account?.resetReady;
  if (ready) found.push(createResetNotice(app, longDate(new Date(ready * MILLISECONDS).toISOString())));
  return found;
}

/**
 * Says that somebody resets the account by mail logins, and stops it by a button.
 * @param {App} app @param {string} date
 */
function createResetNotice(app, date) {
  const { translate } = app;
  const failure = problem("reset-error");
  const stop = html("button", { type: "button", text: translate("reset_stop"), data: { test: "reset-stop" } });
  stop.addEventListener("click", () => app.attempt(stop, translate("reset_stopping"), failure, async () => {
    await app.keys.stopReset();
    app.announce(translate("reset_stopped"));
  }));
  return html(
    "div", { class: "notice", data: { test: "reset-notice" } },
    html("p", { text: translate("reset_goes_on", { date }) }), stop, failure,
  );
}
