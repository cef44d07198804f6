/**
 * The ways in which the keys of this tab are unlocked without a passphrase: from another tab, after a reload, and with
 * the device. Unlocking with the device is offered once.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { PasskeyOffer } from "./passkey_offer.js";
import { RecoveryOffer } from "./recovery_offer.js";
import { ReloadUnlock, sweepReloads } from "../reload_unlock.js";
import { SharedUnlock } from "../shared_unlock.js";

/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../roaming_keys.js").RoamingKeys} RoamingKeys */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("./passkey_offer.js").PasskeyOfferServices} PasskeyOfferServices */
/**
 * @typedef {{
 *   keys: KeyRing, roamingKeys: RoamingKeys, api: BridgeApi, kept: KeptTrust, address: string | null,
 *   translate: Catalogue, announce: Announce, navigate: Navigate, hasDraft: () => boolean, mailPath: () => string,
 * } & PasskeyOfferServices & import("./recovery_offer.js").RecoveryOfferServices} UnlockingServices
 */
/** @typedef {import("../../../../wasm_build/ui/secret_field.js").Secret} Secret */

/** The longest time that the first view waits for the keys, so that no form appears that is needless a moment later. */
const PATIENCE_MILLISECONDS = 6_000;
/** The time after which the page says why it waits. */
const UNNOTICED_MILLISECONDS = 200;

export class Unlocking {
  #services;
  #shared;
  /** Why the passphrase that was typed at the sign-in did not unlock the keys. @type {unknown} */
  #typedFailure = null;
  /** Whether the first view is shown. */
  #isStarted = false;

  /** @param {UnlockingServices} services */
  constructor(services) {
    this.#services = services;
    const { keys, api, kept } = services;
    const isOwnComputer = () => kept.keeping !== "off";
    this.#shared = new SharedUnlock(keys, { mayShare: isOwnComputer, findSession: () => api.sessionId() });
    this.reload = new ReloadUnlock(keys, api.reloadHalves, { mayKeep: isOwnComputer });
    this.passkeyOffer = new PasskeyOffer(services);
    this.recoveryOffer = new RecoveryOffer(services);
    this.#shared.addEventListener("opened", () => this.#opened());
    this.#shared.addEventListener("locked", () => this.reload.cancel());
    this.#shared.addEventListener("signed-out", () => void this.#signedOutElsewhere());
    // A tab that the browser had frozen has overwritten its keys.
    addEventListener("pageshow", ({ persisted }) => { if (persisted) void this.#resume(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.#shared.ask(); });
  }

  /**
   * Unlocks the keys from another tab or after a reload, before the first view. Shows a note if this takes a while.
   * @param {(element: HTMLElement) => void} show
   */
  async start(show) {
    void sweepReloads().catch(() => undefined);
    if (this.#services.address !== null) await this.#startUnlocking(show);
    this.#isStarted = true;
  }

  /** @param {(element: HTMLElement) => void} show */
  async #startUnlocking(show) {
    const unlocking = this.#resume();
    if (await Promise.race([unlocking.then(() => true), wait(UNNOTICED_MILLISECONDS)])) return;
    show(html("p", { class: "narrow note", role: "status", text: this.#services.translate("unlocking_keys"), data: { test: "unlocking-again" } }));
    await Promise.race([unlocking, wait(PATIENCE_MILLISECONDS)]);
  }

  /** @param {string} address @param {{isNew: boolean}} session `isNew` after a sign-in */
  async begin(address, { isNew }) {
    await Promise.all([this.#shared.begin(address), this.reload.begin(address)]);
    if (!isNew) return;
    await this.reload.forget();
    await this.#shared.ask();
  }

  /**
   * Unlocks the keys from the key server with the passphrase that the person typed at the sign-in. The form to unlock
   * reports a failure.
   * @param {Secret | null} passphrase is overwritten
   */
  async useTyped(passphrase) {
    this.#typedFailure = null;
    if (!passphrase) return;
    const { keys, roamingKeys } = this.#services;
    // Another tab may have unlocked the keys during the sign-in.
    if (keys.unlocked) return overwrite(passphrase.buffer);
    try {
      await roamingKeys.open(passphrase);
      this.#services.announce(this.#services.translate("unlocked"));
    } catch (error) {
      this.#typedFailure = error;
    }
  }

  /** The error of `useTyped`, once; null if there is none. */
  takeTypedFailure() {
    const failure = this.#typedFailure;
    this.#typedFailure = null;
    return failure;
  }

  /** Forgets the account. Its keys are locked already. */
  end() {
    this.#typedFailure = null;
    this.#shared.end();
    this.reload.end();
  }

  /** @param {string} address */
  tellSignedOut(address) {
    return this.#shared.tellSignedOut(address);
  }

  /** The sentence for a person whose keys were not unlocked after a reload; "" if there was nothing to unlock. */
  get refusal() {
    const { refusal } = this.reload;
    return refusal ? this.#services.translate(`reload_${refusal}`) : "";
  }

  async #resume() {
    const ask = () => this.#shared.ask();
    if (!(await ask()) && (await this.reload.isDue()) && (await this.reload.resume(ask))) this.#opened();
  }

  /** Checks the session after a sign-out in another tab. If the session has ended, locks the keys of this tab. */
  async #signedOutElsewhere() {
    await this.#services.api.checkSession();
    if (this.#services.address === null) this.#services.keys.lock("elsewhere");
  }

  /** Leaves the view in which the person would have unlocked the keys. */
  #opened() {
    const services = this.#services;
    if (this.#isStarted && location.hash === "#/keys") services.navigate(services.hasDraft() ? "/write" : services.mailPath());
    services.announce(services.translate("unlocked"));
  }
}

/** @param {number} milliseconds @returns {Promise<false>} */
function wait(milliseconds) {
  return new Promise((resolve) => { setTimeout(() => resolve(false), milliseconds); });
}
