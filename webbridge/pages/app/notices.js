/** The notices above every view, which the person has to see before anything else. */

import { html } from "../../../wasm_build/ui/dom.js";
import { createResetNotice } from "../../../wasm_build/ui/reset_notice.js";
import { forgetReset } from "../keys/begun_reset.js";
import { isKeepingTrouble } from "../trust/kept_trust.js";

/** @typedef {import("../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../keys/roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../keys/views/unlocking.js").Unlocking} Unlocking */
/** @typedef {import("../offline/away.js").Away} Away */
/** @typedef {import("../drafts/unfinished_drafts.js").UnfinishedDrafts} UnfinishedDrafts */
/** @typedef {import("./done_notice.js").DoneNotice} DoneNotice */
/** @typedef {import("./services.js").Attempt} Attempt */
/** @typedef {import("./services.js").Announce} Announce */
/**
 * @typedef {{
 *   kept: KeptTrust, keys: KeyRing, roamingKeys: RoamingKeys, translate: Catalogue, unlocking: Unlocking, away: Away,
 *   unfinishedDrafts: UnfinishedDrafts, done: DoneNotice, attempt: Attempt, announce: Announce,
 *   firstPassphrase: import("../keys/first_passphrase.js").FirstPassphrase,
 * }} NoticeServices
 */

/** @param {NoticeServices} services @returns {HTMLElement[]} */
export function createNotices(services) {
  const { kept, roamingKeys, translate, unlocking, away } = services;
  const hasFailed = away.outbox.letters.some(({ state }) => state === "refused" || state === "unknown");
  const ready = roamingKeys.account?.resetReady;
  return [
    ...services.done.notices(),
    isKeepingTrouble(kept.keeping)
      ? notice(translate(`trust_${kept.keeping.replace("-", "_")}`), html("a", { href: "#/people", text: translate("people_title") }))
      : null,
    away.source.isAway && !away.canEnter ? notice(translate("away_notice")) : null,
    hasFailed ? notice(translate("outbox_notice"), html("a", { href: "#/outbox", text: translate("outbox_title") })) : null,
    away.outbox.lockedCount > 0
      ? notice(translate("outbox_locked"), html("a", { href: "#/keys", text: translate("unlock") }))
      : null,
    away.files.hasNewVersion ? createVersionNotice(services) : null,
    ...services.unfinishedDrafts.createNotices(),
    services.firstPassphrase.isUsed
      ? notice(translate("recovery_first_passphrase"), html("a", {
        href: "#/settings/keys/key-account", text: translate("passphrase_change"), data: { test: "first-passphrase" },
      }))
      : null,
    ready ? createResetNotice(services, ready, () => roamingKeys.stopReset().then(forgetReset)) : null,
    ...unlocking.passkeyOffer.notices(), ...unlocking.recoveryOffer.notices(),
  ].filter((element) => element !== null);
}

/**
 * Shows the notices now, and again when they change.
 * @param {NoticeServices} services @param {(notices: HTMLElement[]) => void} show
 */
export function watchNotices(services, show) {
  const draw = () => show(createNotices(services));
  const { kept, unlocking: { passkeyOffer, recoveryOffer }, done, keys, firstPassphrase, away: { source, files, outbox } } = services;
  for (const changing of [kept, passkeyOffer, recoveryOffer, done, keys, firstPassphrase, files, outbox]) changing.addEventListener("change", draw);
  for (const name of ["away", "back"]) source.addEventListener(name, draw);
  draw();
}

/** @param {string} sentence @param {HTMLElement[]} further */
function notice(sentence, ...further) {
  return html("div", { class: "notice" }, html("p", { text: sentence }), ...further);
}

/** @param {NoticeServices} services */
function createVersionNotice({ translate, away }) {
  const sentence = html("p", { text: translate("new_version") });
  return html("div", { class: "notice" }, sentence, html("button", {
    type: "button", text: translate("new_version_reload"), data: { test: "new-version" },
    on: { click: async () => {
      if (await away.files.takeOver()) location.reload();
      else sentence.textContent = translate("new_version_tabs");
    } },
  }));
}
