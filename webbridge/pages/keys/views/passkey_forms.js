/**
 * Unlocking with this device. Fingerprint, face or PIN replaces the passphrase. Such unlocking is offered only if
 * browser and device support it, and only on the person's own computer.
 */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { base64FromBytes } from "../../../../wasm_build/vault/values/base64.js";
import { askPasskey, createPasskey, hasPasskeys } from "../../../../wasm_build/vault/owner/passkey.js";
import { openPasskeys } from "../../app/state_database.js";
import { openWithPasskey, sealForPasskey } from "../device_bundles.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("./unlocking.js").Unlocking} Unlocking */
/** @typedef {import("../../app/services.js").Announce} Announce */
/**
 * @typedef {{
 *   translate: Catalogue, address: string | null, attempt: Attempt, keys: KeyRing, kept: KeptTrust,
 * }} PasskeyServices
 */
/**
 * @typedef {{
 *   translate: Catalogue, attempt: Attempt, unlocking: Unlocking, announce: Announce,
 * } & PasskeyServices} PasskeyChoiceServices
 */

/**
 * The button above the passphrase that unlocks the keys with this device. The button is hidden if the device has no passkey
 * for the account.
 * @param {PasskeyServices} services
 * @param {{onUnlocked: () => void}} options
 */
export function createPasskeyUnlock(services, { onUnlocked }) {
  const { translate, address } = services;
  const failure = problem("passkey-error");
  const button = html("button", {
    class: "primary", type: "button", text: translate("passkey_unlock"), data: { test: "passkey-unlock" },
    on: {
      click: () => void services.attempt(button, translate("unlocking"), failure, async () => {
        const passkey = await openPasskeys.read(address ?? "");
        if (!passkey) return;
        await openWithPasskey(services.keys, address ?? "", passkey.bundle, await askPasskey(passkey));
        onUnlocked();
      }),
    },
  });
  const element = html(
    "section", { class: "stack", hidden: true }, html("div", { class: "actions" }, button), failure,
    html("p", { class: "field-hint", text: translate("passkey_or_passphrase") }),
  );
  void isPasskeyKept(services).then((isKept) => { element.hidden = !isKept; });
  return element;
}

/**
 * The section in which the person turns unlocking with this device on or off, while keys are unlocked. The section is
 * hidden if the device does not support it.
 * @param {PasskeyChoiceServices} services
 */
export function createPasskeyChoice(services) {
  const { translate } = services;
  const failure = problem("passkey-error");
  const meaning = html("p");
  const button = html("button", {
    type: "button", data: { test: "passkey-choice" },
    on: {
      click: () => void services.attempt(button, translate("passkey_working"), failure, async () => {
        await (isKept ? remove(services) : addPasskey(services));
        isKept = !isKept;
        await services.unlocking.passkeyOffer.answer();
        services.announce(translate(isKept ? "passkey_kept" : "passkey_removed"));
      }).then(draw),
    },
  });
  const element = html(
    "section", { class: "offer stack", hidden: true, "aria-labelledby": "passkey-title", data: { test: "passkey" } },
    html("h2", { id: "passkey-title", text: translate("passkey_unlock") }), meaning, failure,
    html("div", { class: "actions" }, button),
  );
  let isKept = false;
  const draw = () => {
    meaning.textContent = translate(isKept ? "passkey_kept" : "passkey_meaning");
    button.textContent = translate(isKept ? "passkey_remove" : "passkey_add");
  };
  void Promise.all([canKeepPasskey(services), isPasskeyKept(services)]).then(([can, has]) => {
    isKept = has;
    draw();
    element.hidden = !can && !has;
  });
  return element;
}

/** Makes a passkey on this device, and keeps the unlocked keys encrypted under it. @param {PasskeyServices} services */
export async function addPasskey({ keys, address }) {
  const account = address ?? "";
  const { passkey, output } = await createPasskey(account);
  await openPasskeys.write(account, { ...passkey, bundle: await sealForPasskey(keys, account, output) });
}

/** @param {PasskeyServices} services */
async function remove({ address }) {
  const passkey = await openPasskeys.read(address ?? "");
  await openPasskeys.remove(address ?? "");
  if (passkey) await forgetOnDevice(passkey.credentialId);
}

/**
 * Informs the device that the passkey is no longer used, if the browser supports this.
 * @param {ArrayBuffer} credentialId
 */
async function forgetOnDevice(credentialId) {
  const details = {
    rpId: location.hostname,
    credentialId: base64FromBytes(credentialId).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  };
  await /** @type {any} */ (PublicKeyCredential).signalUnknownCredential?.(details).catch(() => undefined);
}

/** @param {PasskeyServices} services */
export async function canKeepPasskey({ kept }) {
  return kept.keeping !== "off" && kept.keeping !== "storage-refused" && (await hasPasskeys());
}

/** @param {PasskeyServices} services */
export async function isPasskeyKept(services) {
  if (services.address === null || services.kept.keeping === "off" || !(await hasPasskeys())) return false;
  return (await openPasskeys.read(services.address).catch(() => null)) !== null;
}
