/**
 * Unlocking by this device: fingerprint, face or PIN replaces the passphrase. It is offered if browser and device
 * support it, and on the person's own computer only.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { base64FromBytes } from "../../../../wasm_build/vault/values/base64.js";
import { askPasskey, createPasskey, hasPasskeys } from "../../../../wasm_build/vault/owner/passkey.js";
import { problem } from "../../../../wasm_build/ui/parts.js";
import { openPasskeys } from "../../app/state_database.js";

/** @typedef {import("../../app/app.js").App} App */

/**
 * The button that unlocks the keys by this device, above the passphrase. It is hidden if the device has no passkey for
 * the account.
 * @param {App} app
 * @param {{onUnlocked: () => void}} options
 */
export function createPasskeyUnlock(app, { onUnlocked }) {
  const { translate, address } = app;
  const failure = problem("passkey-error");
  const button = html("button", {
    class: "primary", type: "button", text: translate("passkey_unlock"), data: { test: "passkey-unlock" },
  });
  button.addEventListener("click", () => app.attempt(button, translate("unlocking"), failure, async () => {
    const kept = await openPasskeys.read(address ?? "");
    if (!kept) return;
    await app.keys.openWithPasskey(address ?? "", kept.bundle, await askPasskey(kept));
    onUnlocked();
  }));
  const element = html(
    "section", { class: "stack", hidden: true }, html("div", { class: "actions" }, button), failure,
    html("p", { class: "field-hint", text: translate("passkey_or_passphrase") }),
  );
  void isPasskeyKept(app).then((kept) => { element.hidden = !kept; });
  return element;
}

/**
 * The section in which the person turns unlocking by this device on or off, shown while keys are unlocked. It is hidden
 * if the device cannot do it.
 * @param {App} app
 */
export function createPasskeyChoice(app) {
  const { translate } = app;
  const failure = problem("passkey-error");
  const meaning = html("p");
  const button = html("button", { type: "button", data: { test: "passkey-choice" } });
  const element = html(
    "section", { class: "offer stack", hidden: true, "aria-labelledby": "passkey-title", data: { test: "passkey" } },
    html("h2", { id: "passkey-title", text: translate("passkey_title") }), meaning, failure,
    html("div", { class: "actions" }, button),
  );
  let kept = false;
  const draw = () => {
    meaning.textContent = translate(kept ? "passkey_kept" : "passkey_meaning");
    button.textContent = translate(kept ? "passkey_remove" : "passkey_add");
  };
  button.addEventListener("click", () => app.attempt(button, translate("passkey_working"), failure, async () => {
    await (kept ? remove(app) : addPasskey(app));
    kept = !kept;
    await app.unlocking.passkeyOffer.answer();
    app.announce(translate(kept ? "passkey_kept" : "passkey_removed"));
  }).then(draw));
  void Promise.all([canKeepPasskey(app), isPasskeyKept(app)]).then(([can, has]) => {
    kept = has;
    draw();
    element.hidden = !can && !has;
  });
  return element;
}

/** Makes a passkey on this device, and keeps the unlocked keys encrypted under it. @param {App} app */
export async function addPasskey({ keys, address }) {
  const account = address ?? "";
  const { passkey, output } = await createPasskey(account);
  await openPasskeys.write(account, { ...passkey, bundle: await keys.sealForPasskey(account, output) });
}

/** @param {App} app */
async function remove({ address }) {
  const kept = await openPasskeys.read(address ?? "");
  await openPasskeys.remove(address ?? "");
  if (kept) await forgetOnDevice(kept.credentialId);
}

/**
 * Tells the device that the passkey is not used any more, if the browser supports it.
 * @param {ArrayBuffer} credentialId
 */
async function forgetOnDevice(credentialId) {
  const credentialIdText = base64FromBytes(credentialId).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const said = { rpId: location.hostname, credentialId: credentialIdText };
  await /** @type {any} */ (PublicKeyCredential).signalUnknownCredential?.(said).catch(() => undefined);
}

/** @param {App} app */
export async function canKeepPasskey({ kept }) {
  return kept.keeping !== "off" && kept.keeping !== "storage-refused" && (await hasPasskeys());
}

/** @param {App} app */
export async function isPasskeyKept(app) {
  if (app.address === null || app.kept.keeping === "off" || !(await hasPasskeys())) return false;
  return (await openPasskeys.read(app.address).catch(() => null)) !== null;
}
