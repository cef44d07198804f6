/** The view that unlocks the person's keys, from the key server, from a file, or with this device. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { createKeptUnlock } from "./kept_unlock.js";
import { createPasskeyUnlock } from "./passkey_forms.js";
import { createRequestForms } from "./request_forms.js";
import { createStrictSwitch } from "./strict_switch.js";
import { createUnlockForms } from "./unlock_forms.js";

/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../key_files.js").KeyFiles} KeyFiles */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("./unlocking.js").Unlocking} Unlocking */
/** @typedef {import("../../offline/away.js").Away} Away */
/**
 * @typedef {{
 *   translate: Catalogue, keys: KeyRing, keyFiles: KeyFiles, announce: Announce, navigate: Navigate, hasDraft: () => boolean,
 *   mailPath: () => string, lockedSentence: () => string, unlocking: Unlocking, away: Away,
 * } & Parameters<typeof createUnlockForms>[0] & Parameters<typeof createRequestForms>[0]
 *   & Parameters<typeof createKeptUnlock>[0] & Parameters<typeof createPasskeyUnlock>[0]
 *   & Parameters<typeof createStrictSwitch>[0]} KeysServices
 */

/**
 * @param {KeysServices} services
 * @returns {View}
 */
export function createKeysView(services) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1, text: translate("unlock_title") });
  const unlocking = createUnlockForms(services, { onUnlocked });
  const forms = [unlocking, createRequestForms(services, { onUnlocked }), createStrictSwitch(services), ...keptForms(services, onUnlocked)];
  const body = html("div", { class: "stack" }, ...drawLocked(services, forms.map(({ element }) => element), onUnlocked));
  const clear = () => forms.forEach((form) => form.clear());

  function onUnlocked() {
    services.announce(translate("unlocked"));
    if (services.keyFiles.canEnrol) services.navigate("/keys");
    else services.navigate(services.hasDraft() ? "/write" : services.mailPath());
  }
  // The keys may also be unlocked in another way. The settings of the keys then take this view's place, unless another view has.
  const changed = () => setTimeout(() => {
    if (services.keys.unlocked && body.isConnected && location.hash === "#/keys") services.navigate("/keys");
  });
  // Only the sentence is replaced, so that the typed text stays in the form.
  const tell = () => {
    const note = body.querySelector("[data-test=locked-note]");
    if (note) note.textContent = services.lockedSentence();
  };
  services.keys.addEventListener("change", changed);
  services.unlocking.reload.addEventListener("change", tell);
  return {
    element: html("div", { class: "narrow stack", data: { test: "keys-view" } }, heading, body),
    heading,
    titleKey: "unlock_title",
    focus: () => unlocking.focus(),
    close() {
      services.keys.removeEventListener("change", changed);
      services.unlocking.reload.removeEventListener("change", tell);
      clear();
    },
  };
}

/**
 * The form for the keys that are kept on this device, while the key server cannot be reached.
 * @param {KeysServices} services @param {() => void} onUnlocked
 */
function keptForms(services, onUnlocked) {
  const { source, mail } = services.away;
  return source.isAway && mail.state !== "none" ? [createKeptUnlock(services, { onUnlocked })] : [];
}

/**
 * @param {KeysServices} services
 * @param {HTMLElement[]} forms the forms to unlock keys and to request a certificate, the switch for strict cleanup, and
 *   perhaps the form for the keys that are kept on this device
 * @param {() => void} onUnlocked
 */
function drawLocked(services, [unlocking, requests, strict, keptForm], onUnlocked) {
  const { translate } = services;
  return [
    html("p", { class: "lede", text: translate("unlock_lede") }),
    createPasskeyUnlock(services, { onUnlocked }),
    keptForm ?? null,
    unlocking,
    html("p", { class: "note", text: services.lockedSentence(), data: { test: "locked-note" } }),
    html("div", { class: "actions" }, html("a", {
      href: services.hasDraft() ? "#/write" : `#${services.mailPath()}`, class: "button",
      text: translate(services.hasDraft() ? "back_to_message" : "read_without_keys"), data: { test: "skip-unlock" },
    })),
    requests,
    strict,
  ].filter((part) => part !== null);
}
