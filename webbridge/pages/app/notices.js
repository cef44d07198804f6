/** The notices above every view: what the person has to know before anything else. */

import { html } from "../../../wasm_build/ui/dom.js";
import { createResetNotice } from "../../../wasm_build/ui/reset_notice.js";
import { forgetReset } from "../keys/begun_reset.js";
import { isKeepingTrouble } from "../trust/kept_trust.js";

/** @typedef {import("./app.js").App} App */

/** @param {App} app @returns {HTMLElement[]} */
export function createNotices(app) {
  const { kept, keys, translate, unlocking } = app;
  const found = [];
  if (isKeepingTrouble(kept.keeping)) {
    const more = html("a", { href: "#/people", text: translate("people_title") });
    const text = html("p", { text: translate(`trust_${kept.keeping.replace("-", "_")}`) });
    found.push(html("div", { class: "notice" }, text, more));
  }
  if (app.away.source.isAway && !app.away.canEnter) found.push(notice(translate("away_notice")));
  const failed = app.away.outbox.letters.filter(({ state }) => state === "refused" || state === "unknown");
  if (failed.length > 0) found.push(notice(translate("outbox_notice"), html("a", { href: "#/outbox", text: translate("outbox_title") })));
  if (app.away.files.hasNewVersion) found.push(createVersionNotice(app));
  found.push(...app.draftDesk.createNotices());
  const ready = keys.account?.resetReady;
  if (ready) found.push(createResetNotice(app, ready, () => keys.stopReset().then(forgetReset)));
  return [...app.done.notices(), ...found, ...unlocking.passkeyOffer.notices()];
}

/** @param {string} sentence @param {HTMLElement[]} further */
function notice(sentence, ...further) {
  return html("div", { class: "notice" }, html("p", { text: sentence }), ...further);
}

/** @param {App} app */
function createVersionNotice(app) {
  const { translate } = app;
  const element = notice(translate("new_version"));
  const said = /** @type {HTMLElement} */ (element.firstElementChild);
  const reload = html("button", {
    type: "button", text: translate("new_version_reload"), data: { test: "new-version" },
    on: { click: async () => {
      if (await app.away.files.takeOver()) location.reload();
      else said.textContent = translate("new_version_tabs");
    } },
  });
  element.append(reload);
  return element;
}
