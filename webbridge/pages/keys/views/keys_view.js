/** The view of the person's keys. It unlocks keys from the key server or a file, and lists the unlocked keys. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { LIMITS } from "../../../../wasm_build/vault/storage/session.js";
import { lockMark } from "../../../../wasm_build/ui/state_mark.js";
import { saveFile } from "../../../../wasm_build/ui/attachments.js";
import { dayOnly } from "../../../../wasm_build/ui/formats.js";
import { problem, switchField } from "../../../../wasm_build/ui/parts.js";
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
import { createRequestForms } from "../../account/views/request_forms.js";
import { createRoaming } from "./roaming_view.js";
import { createSharedIdentities } from "./shared_identities_view.js";
import { createUnlockForms } from "./unlock_forms.js";

/** @typedef {import("../../app/app.js").App} App */

/** The time that the part about the account waits for the part above it. A list that never comes takes nothing else away. */
const PATIENCE_MILLISECONDS = 2_000;

/**
 * @param {App} app
 * @returns {import("../../app/app.js").View}
 */
export function createKeysView(app) {
  const { translate } = app;
  const heading = html("h1", { tabindex: -1 });
  const body = html("div", { class: "stack" });
  const element = html("div", { class: "narrow stack", data: { test: "keys-view" } }, heading, body);

  /** @type {{element: HTMLElement, clear: () => void}[]} */
  let forms = [];
  /** Puts the focus where the person types the passphrase. */
  let focus = () => heading.focus();
  const clear = () => forms.forEach((form) => form.clear());

  const draw = () => {
    const { unlocked } = app.keys;
    clear();
    const strict = createStrictSwitch(app);
    // Asked first, so that the key server answers it first: nothing below is moved then.
    const shared = app.keys.account && createSharedIdentities(app, app.keys.account);
    const account = app.keys.account && createKeyAccount(app, app.keys.account, [
      createResetNote(app, app.keys.account), createRecovery(app, app.keys.account), createRoaming(app), createKeyAdding(app),
    ]);
    const unlocking = unlocked ? null : createUnlockForms(app, { onUnlocked });
    forms = unlocking
      ? [unlocking, createRequestForms(app, { onUnlocked }), strict, ...keptForms(app, onUnlocked)] : [account, shared, strict].filter((part) => part !== null);
    focus = () => (unlocking ?? heading).focus();
    heading.textContent = translate(unlocked ? "keys_title" : "unlock_title");
    body.replaceChildren(...(unlocked ? drawUnlocked(app, strict.element, shared, account?.element ?? null) : drawLocked(app, forms.map(({ element }) => element), onUnlocked)));
  };

  function onUnlocked() {
    app.announce(translate("unlocked"));
    if (app.keys.canEnrol) heading.focus();
    else app.navigate(app.hasDraft() ? "/write" : app.mailPath());
  }

  // The words only: what the person has typed into the form stays.
  const tell = () => {
    const note = body.querySelector("[data-test=locked-note]");
    if (note) note.textContent = app.lockedSentence();
  };
  draw();
  app.keys.addEventListener("change", draw);
  app.unlocking.reload.addEventListener("change", tell);
  return {
    element,
    heading,
    titleKey: "unlock_title",
    focus: () => focus(),
    close() {
      app.keys.removeEventListener("change", draw);
      app.unlocking.reload.removeEventListener("change", tell);
      clear();
      // If the person has not answered the offer, the file is forgotten and not stored on the key server.
      app.keys.dismissOffer();
    },
  };
}

/** The form for the keys that are kept on this device, while the key server cannot be reached. @param {App} app @param {() => void} onUnlocked */
function keptForms(app, onUnlocked) {
  const { source, mail } = app.away;
  return source.isAway && mail.state !== "none" ? [createKeptUnlock(app, { onUnlocked })] : [];
}

/**
 * @param {App} app
 * @param {HTMLElement[]} forms the forms to unlock keys and to request a certificate, the switch for strict cleanup, and
 *   perhaps the form for the keys that are kept on this device
 * @param {() => void} onUnlocked
 */
function drawLocked(app, [unlocking, requests, strict, kept], onUnlocked) {
  const { translate } = app;
  const later = html("a", {
    href: app.hasDraft() ? "#/write" : `#${app.mailPath()}`, class: "button",
    text: translate(app.hasDraft() ? "back_to_letter" : "read_without_keys"), data: { test: "skip-unlock" },
  });
  return [
    html("p", { class: "lede", text: translate("unlock_lede") }),
    createPasskeyUnlock(app, { onUnlocked }),
    kept ?? null,
    unlocking,
    html("p", { class: "note", text: app.lockedSentence(), data: { test: "locked-note" } }),
    html("div", { class: "actions" }, later),
    requests,
    strict,
  ].filter((part) => part !== null);
}

/**
 * @param {App} app
 * @param {HTMLElement} strict
 * @param {import("../../../../wasm_build/ui/key_account_view.js").LoadedPart | null} shared the identities that several people share
 * @param {HTMLElement | null} account the part about the account at the key server
 */
function drawUnlocked(app, strict, shared, account) {
  const { translate } = app;
  if (shared && account) {
    account.hidden = true;
    const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MILLISECONDS); });
    void Promise.race([shared.loaded, patience]).then(() => { account.hidden = false; });
  }
  const list = html(
    "ul",
    { class: "cards", data: { test: "identities" } },
    ...app.keys.identities.map((identity) => html(
      "li",
      { class: "card" },
      html("h2", { class: "card-title", dir: "auto", text: identity.addresses.join(", ") || holderText(identity) }),
      html("p", { text: translate("identity_valid_until", { date: dayOnly(identity.notAfter) }) }),
      html(
        "details",
        {},
        html("summary", { text: translate("details") }),
        createFacts([
          [translate("fact_subject"), identity.subject],
          [translate("fact_issuer"), identity.issuer],
          [translate("fact_fingerprint"), identity.fingerprint],
        ]),
      ),
    )),
  );
  const open = html("a", { class: "button", href: `#${app.mailPath()}`, text: translate("to_the_mail") });
  const mark = lockMark("", { size: 24 });
  mark.setAttribute("aria-hidden", "true");
  return [
    app.keys.canEnrol ? createOffer(app) : null,
    html("p", { class: "note with-mark" }, mark, html("span", { text: translate("unlocked_note", { minutes: LIMITS.idleMilliseconds / 60_000 }) })),
    list,
    app.keys.way === "tab" || app.keys.way === "reload"
      ? html("p", { class: "note", text: translate("unlocked_without_account"), data: { test: "without-account" } })
      : null,
    createPasskeyChoice(app),
    createReloadChoice(app),
    html("div", { class: "actions" }, open),
    strict,
    shared?.element ?? null,
    // The list of devices comes later from the server, and moves nothing that is below it.
    account,
  ].filter((part) => part !== null);
}

/** @param {App} app */
function createStrictSwitch(app) {
  const { element, input } = switchField(app.translate("strict"), "switch-strict", (checked) => app.setStrict(checked));
  input.checked = app.strict;
  const hint = html("p", { id: "strict-hint", class: "field-hint", text: app.translate("strict_hint") });
  input.setAttribute("aria-describedby", hint.id);
  const place = html("div", { class: "stack" });
  const drawOffer = () => {
    if (app.isOfferedUnstrict === (place.childElementCount > 0)) return;
    place.replaceChildren(...(app.isOfferedUnstrict ? [createUnstrictOffer(app, drawOffer)] : []));
  };
  drawOffer();
  app.roaming.addEventListener("change", drawOffer);
  return { element: html("div", { class: "stack" }, html("div", { class: "switch-field" }, element, hint), place),
    clear: () => app.roaming.removeEventListener("change", drawOffer) };
}

/** The question whether strict cleanup goes off here too, as on another device. @param {App} app @param {() => void} draw */
function createUnstrictOffer(app, draw) {
  return createSettingOffer(app.translate, {
    what: [html("div", { class: "name", text: app.translate("offer_strict_off") })], isRecipe: false,
    onAccept: async () => app.setStrict(false),
    onDecline: async () => {
      app.declineUnstrict();
      draw();
    },
  });
}

/**
 * The offer to store the keys of the unlocked file on the key server, so that another device needs no file.
 * @param {App} app
 */
function createOffer(app) {
  const { translate } = app;
  const failure = problem("enrol-error");
  const keep = html("button", {
    class: "primary", type: "button", text: translate("keep_on_server"), data: { test: "enrol" },
  });
  keep.addEventListener("click", () => app.attempt(keep, translate("keeping_on_server"), failure, async () => {
    await app.keys.enrol(app.keyServer, app.address ?? "", app.api);
    app.announce(translate("kept_on_server"));
    app.navigate(app.hasDraft() ? "/write" : app.mailPath());
  }));
  const save = html("button", {
    type: "button", text: translate("save_key_file"), data: { test: "save-key-file" },
    on: { click: () => { if (app.keys.offeredFile) saveFile("sealwax-keys.p12", app.keys.offeredFile); } },
  });
  const decline = html("button", {
    type: "button", text: translate("keep_only_here"), data: { test: "enrol-decline" },
    on: { click: () => app.keys.dismissOffer() },
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
