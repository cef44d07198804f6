/** The settings of the person's keys: the unlocked keys, how they are unlocked, and the account at the key server. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { LIMITS } from "../../../../wasm_build/vault/storage/session.js";
import { lockMark } from "../../../../wasm_build/ui/state_mark.js";
import { dayOnly } from "../../../../wasm_build/ui/formats.js";
import { holderText } from "../../../../wasm_build/ui/shown_names.js";
import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { createKeyAccount, createKeyDevices } from "../../../../wasm_build/ui/key_account_view.js";
import { isAtKeys } from "../../app/routes.js";
import { createEnrolOffer } from "./enrol_offer.js";
import { createKeyAdding } from "./key_adding.js";
import { createPasskeyChoice } from "./passkey_forms.js";
import { createReloadChoice } from "./reload_choice.js";
import { createRecovery } from "./recovery_view.js";
import { createResetNote } from "./reset_note.js";
import { createRoamingNote } from "./roaming_view.js";
import { createSharedIdentities } from "./shared_identities_view.js";
import { createStrictSwitch } from "./strict_switch.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../../settings/views/settings_view.js").SettingPart} SettingPart */
/**
 * @typedef {{
 *   translate: Catalogue, keys: KeyRing, roamingKeys: RoamingKeys, navigate: import("../../app/services.js").Navigate,
 * } & Parameters<typeof createEnrolOffer>[0] & Parameters<typeof createKeyAdding>[0]
 *   & Parameters<typeof createPasskeyChoice>[0] & Parameters<typeof createReloadChoice>[0]
 *   & Parameters<typeof createRecovery>[0] & Parameters<typeof createRoamingNote>[0]
 *   & Parameters<typeof createSharedIdentities>[0] & Parameters<typeof createStrictSwitch>[0]
 *   & Parameters<typeof createKeyAccount>[0]} OwnKeysServices
 */

/** The part about the account waits at most this time for the shared identities above it, whose list may never come. */
const PATIENCE_MILLISECONDS = 2_000;

/** @param {OwnKeysServices} services @returns {SettingPart[]} */
export function createOwnKeys(services) {
  const strict = createStrictSwitch(services);
  const last = { name: "strict", element: strict.element, close: strict.clear };
  if (!services.keys.unlocked) return [{ name: "own-keys", ...createLocked(services) }, last];
  const { account: keyAccount } = services.roamingKeys;
  // The shared identities are requested first, so that the key server answers them first and nothing below is moved.
  const shared = keyAccount && createSharedIdentities(services, keyAccount);
  const account = keyAccount && createKeyAccount(services, keyAccount, [
    createResetNote(services.translate, keyAccount), createRecovery(services, keyAccount),
    createRoamingNote(services), createKeyAdding(services),
  ]);
  if (shared && account) showAfter(shared.loaded, account.element);
  return [
    { name: "own-keys", element: createIdentities(services), close: closeOffer(services) },
    { name: "passkey", element: createPasskeyChoice(services) },
    { name: "reload", element: createReloadChoice(services) },
    { name: "shared", element: shared && shared.element, close: () => shared?.clear() },
    { name: "key-account", element: account && account.element, close: () => account?.clear() },
    last,
  ];
}

/** The devices of the account at the key server. @param {OwnKeysServices} services @returns {SettingPart} */
export function createOwnDevices(services) {
  const { account } = services.roamingKeys;
  const name = "key-devices";
  if (!services.keys.unlocked) return { name, ...createLocked(services) };
  if (!account) return { name, element: null };
  const devices = createKeyDevices(services, account);
  return { name, element: devices.element, close: devices.clear };
}

/**
 * The note in place of settings that need unlocked keys. Once the keys are unlocked, the view is drawn again.
 * @param {OwnKeysServices} services
 */
function createLocked(services) {
  const { translate } = services;
  const link = html("a", { class: "button primary", href: "#/keys", text: translate("unlock_keys"), data: { test: "settings-unlock" } });
  const element = html("section", { class: "stack" }, html("p", { text: translate("setting_needs_keys") }), html("div", { class: "actions" }, link));
  return { element, close: renewOnChange(services) };
}

/**
 * Draws the shown settings again after each change of the unlocked keys. A lock is shown elsewhere.
 * @param {OwnKeysServices} services
 * @returns {() => void} ends this
 */
function renewOnChange({ keys, navigate }) {
  const renew = () => { if (keys.unlocked) navigate(location.hash.slice(1)); };
  keys.addEventListener("change", renew);
  return () => keys.removeEventListener("change", renew);
}

/**
 * Ends the renewal. If the person has left the settings of the keys without an answer to the offer, the file is forgotten and
 * not stored on the key server.
 * @param {OwnKeysServices} services
 */
function closeOffer(services) {
  const end = renewOnChange(services);
  return () => {
    end();
    if (!isAtKeys()) services.keyFiles.dismissOffer();
  };
}

/** @param {Promise<void>} loaded @param {HTMLElement} element shown when `loaded` is resolved, or after some patience */
function showAfter(loaded, element) {
  element.hidden = true;
  const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MILLISECONDS); });
  void Promise.race([loaded, patience]).then(() => { element.hidden = false; });
}

/** The unlocked keys, each with its certificate. @param {OwnKeysServices} services */
function createIdentities(services) {
  const { translate, keys } = services;
  const minutes = LIMITS.idleMilliseconds / 60_000;
  const isWithoutAccount = keys.way === "tab" || keys.way === "reload";
  return html(
    "section", { class: "stack", "aria-labelledby": "own-keys-title" },
    html("h2", { id: "own-keys-title", text: translate("setting_own_keys") }),
    services.keyFiles.canEnrol ? createEnrolOffer(services) : null,
    html("p", { class: "note with-mark" }, lockMark(""), html("span", { text: translate("unlocked_note", { minutes }) })),
    html("ul", { class: "cards", data: { test: "identities" } }, ...keys.identities.map((identity) => drawIdentity(translate, identity))),
    isWithoutAccount ? html("p", { class: "note", text: translate("unlocked_without_account"), data: { test: "without-account" } }) : null,
  );
}

/** @param {Catalogue} translate @param {KeyRing["identities"][number]} identity */
function drawIdentity(translate, identity) {
  return html(
    "li", { class: "card" },
    html("h3", { class: "card-title", dir: "auto", text: identity.addresses.join(", ") || holderText(identity) }),
    html("p", { text: translate("valid_until", { date: dayOnly(identity.notAfter) }) }),
    html("details", {}, html("summary", { text: translate("details") }), createFacts([
      [translate("fact_subject"), identity.subject],
      [translate("certificate_row_issuer"), identity.issuer],
      [translate("fingerprint_sha256"), identity.fingerprint],
    ])),
  );
}
