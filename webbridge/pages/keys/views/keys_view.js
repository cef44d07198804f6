/** The view of the person's keys. It unlocks keys from the key server or a file, and lists the unlocked keys. */

import { html, problem, switchField } from "../../../../wasm_build/ui/dom.js";
import { LIMITS } from "../../../../wasm_build/vault/storage/session.js";
import { lockMark } from "../../../../wasm_build/ui/state_mark.js";
import { saveFile } from "../../../../wasm_build/ui/attachments.js";
import { dayOnly } from "../../../../wasm_build/ui/formats.js";
import { createSettingOffer } from "../../../../wasm_build/ui/setting_offer.js";
import { holderText } from "../../../../wasm_build/ui/shown_names.js";
import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { createKeyAccount } from "../../../../wasm_build/ui/key_account_view.js";
import { createKeyAdding } from "./key_adding.js";
import { createKeptUnlock } from "./kept_unlock.js";
import { createPasskeyChoice, createPasskeyUnlock } from "./passkey_forms.js";
import { createReloadChoice } from "./reload_choice.js";
import { createRecovery } from "./recovery_view.js";
import { createResetNote } from "./reset_note.js";
import { createRequestForms } from "./request_forms.js";
import { createRoamingNote } from "./roaming_view.js";
import { createSharedIdentities } from "./shared_identities_view.js";
import { createUnlockForms } from "./unlock_forms.js";

/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../key_files.js").KeyFiles} KeyFiles */
/** @typedef {import("../roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("./unlocking.js").Unlocking} Unlocking */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../trust/roaming_trust.js").RoamingTrust} RoamingTrust */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("./shared_identities_view.js").SharedIdentitiesServices} SharedIdentitiesServices */
/** @typedef {import("./recovery_view.js").RecoveryServices} RecoveryServices */
/** @typedef {import("./roaming_view.js").RoamingServices} RoamingServices */
/** @typedef {import("./key_adding.js").KeyAddingServices} KeyAddingServices */
/** @typedef {import("./unlock_forms.js").UnlockServices} UnlockServices */
/** @typedef {import("./request_forms.js").RequestServices} RequestServices */
/** @typedef {import("./kept_unlock.js").KeptUnlockServices} KeptUnlockServices */
/** @typedef {import("./passkey_forms.js").PasskeyChoiceServices} PasskeyChoiceServices */
/** @typedef {import("./reload_choice.js").ReloadChoiceServices} ReloadChoiceServices */
/**
 * @typedef {{
 *   translate: Catalogue, keys: KeyRing, keyFiles: KeyFiles, roamingKeys: RoamingKeys, announce: Announce,
 *   navigate: Navigate, hasDraft: () => boolean, mailPath: () => string, lockedSentence: () => string,
 *   unlocking: Unlocking, away: Away, strict: import("../strict_setting.js").StrictSetting, roaming: RoamingTrust,
 *   attempt: Attempt, api: BridgeApi,
 * } & SharedIdentitiesServices & RecoveryServices & RoamingServices & KeyAddingServices & UnlockServices
 *   & RequestServices & KeptUnlockServices & PasskeyChoiceServices & ReloadChoiceServices} KeysServices
 */

/** The part about the account waits at most this time for the shared identities above it, whose list may never come. */
const PATIENCE_MILLISECONDS = 2_000;

/**
 * @param {KeysServices} services
 * @returns {View}
 */
export function createKeysView(services) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1 });
  const body = html("div", { class: "stack" });
  const element = html("div", { class: "narrow stack", data: { test: "keys-view" } }, heading, body);

  /** @type {{element: HTMLElement, clear: () => void}[]} */
  let forms = [];
  /** Puts the focus where the person types the passphrase. */
  let focus = () => heading.focus();
  const clear = () => forms.forEach((form) => form.clear());

  const draw = () => {
    const { unlocked } = services.keys;
    clear();
    const strict = createStrictSwitch(services);
    // The shared identities are requested first, so that the key server answers them first and nothing below is moved.
    const { account: keyAccount } = services.roamingKeys;
    const shared = keyAccount && createSharedIdentities(services, keyAccount);
    const account = keyAccount && createKeyAccount(services, keyAccount, [
      createResetNote(translate, keyAccount), createRecovery(services, keyAccount),
      createRoamingNote(services), createKeyAdding(services),
    ]);
    const unlocking = unlocked ? null : createUnlockForms(services, { onUnlocked });
    forms = unlocking
      ? [unlocking, createRequestForms(services, { onUnlocked }), strict, ...keptForms(services, onUnlocked)]
      : [account, shared, strict].filter((part) => part !== null);
    focus = () => (unlocking ?? heading).focus();
    heading.textContent = translate(unlocked ? "keys_title" : "unlock_title");
    body.replaceChildren(...(unlocked
      ? drawUnlocked(services, strict.element, shared, account?.element ?? null)
      : drawLocked(services, forms.map(({ element }) => element), onUnlocked)));
  };

  function onUnlocked() {
    services.announce(translate("unlocked"));
    if (services.keyFiles.canEnrol) heading.focus();
    else services.navigate(services.hasDraft() ? "/write" : services.mailPath());
  }

  // Only the sentence is replaced, so that the typed text stays in the form.
  const tell = () => {
    const note = body.querySelector("[data-test=locked-note]");
    if (note) note.textContent = services.lockedSentence();
  };
  draw();
  services.keys.addEventListener("change", draw);
  services.unlocking.reload.addEventListener("change", tell);
  return {
    element,
    heading,
    titleKey: "unlock_title",
    focus: () => focus(),
    close() {
      services.keys.removeEventListener("change", draw);
      services.unlocking.reload.removeEventListener("change", tell);
      clear();
      // If the person has not answered the offer, the file is forgotten and not stored on the key server.
      services.keyFiles.dismissOffer();
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

/**
 * @param {KeysServices} services
 * @param {HTMLElement} strict
 * @param {import("../../../../wasm_build/ui/key_account_view.js").LoadedPart | null} shared the identities that several people share
 * @param {HTMLElement | null} account the part about the account at the key server
 */
function drawUnlocked(services, strict, shared, account) {
  const { translate } = services;
  if (shared && account) {
    account.hidden = true;
    const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MILLISECONDS); });
    void Promise.race([shared.loaded, patience]).then(() => { account.hidden = false; });
  }
  const list = html(
    "ul",
    { class: "cards", data: { test: "identities" } },
    ...services.keys.identities.map((identity) => html(
      "li",
      { class: "card" },
      html("h2", { class: "card-title", dir: "auto", text: identity.addresses.join(", ") || holderText(identity) }),
      html("p", { text: translate("valid_until", { date: dayOnly(identity.notAfter) }) }),
      html(
        "details",
        {},
        html("summary", { text: translate("details") }),
        createFacts([
          [translate("fact_subject"), identity.subject],
          [translate("certificate_row_issuer"), identity.issuer],
          [translate("fingerprint_sha256"), identity.fingerprint],
        ]),
      ),
    )),
  );
  return [
    services.keyFiles.canEnrol ? createOffer(services) : null,
    html("p", { class: "note with-mark" }, lockMark(""), html("span", { text: translate("unlocked_note", { minutes: LIMITS.idleMilliseconds / 60_000 }) })),
    list,
    services.keys.way === "tab" || services.keys.way === "reload"
      ? html("p", { class: "note", text: translate("unlocked_without_account"), data: { test: "without-account" } })
      : null,
    createPasskeyChoice(services),
    createReloadChoice(services),
    html("div", { class: "actions" }, html("a", { class: "button", href: `#${services.mailPath()}`, text: translate("to_the_mail") })),
    strict,
    shared?.element ?? null,
    // The list of devices comes later from the server. It is the last part, so it moves no other part.
    account,
  ].filter((part) => part !== null);
}

/** @param {KeysServices} services */
function createStrictSwitch(services) {
  const { element, input } = switchField(services.translate("strict"), "switch-strict", (checked) => services.strict.set(checked));
  input.checked = services.strict.isOn;
  const hint = html("p", { id: "strict-hint", class: "field-hint", text: services.translate("strict_hint") });
  input.setAttribute("aria-describedby", hint.id);
  const place = html("div", { class: "stack" });
  const drawOffer = () => {
    if (services.strict.isOfferedOff === (place.childElementCount > 0)) return;
    place.replaceChildren(...(services.strict.isOfferedOff ? [createUnstrictOffer(services, drawOffer)] : []));
  };
  drawOffer();
  services.roaming.addEventListener("change", drawOffer);
  return { element: html("div", { class: "stack" }, html("div", { class: "switch-field" }, element, hint), place),
    clear: () => services.roaming.removeEventListener("change", drawOffer) };
}

/** The question whether strict cleanup is switched off here too, as on another device. @param {KeysServices} services @param {() => void} draw */
function createUnstrictOffer(services, draw) {
  return createSettingOffer(services.translate, {
    what: [html("div", { class: "name", text: services.translate("offer_strict_off") })], isRecipe: false,
    onAccept: async () => services.strict.set(false),
    onDecline: async () => {
      services.strict.declineOff();
      draw();
    },
  });
}

/**
 * The offer to store the keys of the unlocked file on the key server, so that another device needs no file.
 * @param {KeysServices} services
 */
function createOffer(services) {
  const { translate } = services;
  const failure = problem("enrol-error");
  const keep = html("button", {
    class: "primary", type: "button", text: translate("keep_on_server"), data: { test: "enrol" },
    on: {
      click: () => void services.attempt(keep, translate("encrypting"), failure, async () => {
        await services.keyFiles.enrol(services.api);
        services.announce(translate("kept_on_server"));
        services.navigate(services.hasDraft() ? "/write" : services.mailPath());
      }),
    },
  });
  const save = html("button", {
    type: "button", text: translate("save_as_file"), data: { test: "save-key-file" },
    on: {
      click: () => {
        const { offeredFile } = services.keyFiles;
        if (offeredFile) saveFile("sealwax-keys.p12", offeredFile);
      },
    },
  });
  const decline = html("button", {
    type: "button", text: translate("not_now"), data: { test: "enrol-decline" },
    on: { click: () => services.keyFiles.dismissOffer() },
  });
  return html(
    "section",
    { class: "offer stack", "aria-labelledby": "offer-title" },
    html("h2", { id: "offer-title", text: translate("keep_on_server_question") }),
    html("p", { text: translate("keep_on_server_meaning") }),
    failure,
    html("div", { class: "actions" }, keep, save, decline),
  );
}
