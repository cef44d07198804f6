/** The sender of the letter: the identity that signs it, the note about it, and the passphrase that unlocks it. */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../wasm_build/ui/formats.js";
import { readableName } from "../../wasm_build/ui/shown_names.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { errorText, translate } from "../texts/texts.js";
import { ask } from "../shared/request.js";
import { createExpiryNote } from "./own_expiry.js";

/** @typedef {import("./courier.js").Courier} Courier */
/** @typedef {import("./courier.js").OwnIdentity} OwnIdentity */

export class SenderChoice {
  /** `element` shows the choice; `unlockPlace` has the field for the passphrase, beside the button that sends. */
  element;
  unlockPlace = html("div", { class: "field" });
  #translate;
  #courier;
  #asked;
  #identities;
  #onUnlocked;
  #select;
  #expiry;
  /** @type {SecretField | null} */
  #passphrase = null;

  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
   * @param {Courier} courier
   * @param {{
   *   from: string, identities: OwnIdentity[], onChange: () => void, onUnlocked: () => Promise<void>,
   * }} options `from` is the address that the webmail proposes
   */
  constructor(translate, courier, { from, identities, onChange, onUnlocked }) {
    this.#translate = translate;
    this.#courier = courier;
    this.#asked = from;
    this.#identities = identities;
    this.#onUnlocked = onUnlocked;
    const choices = identities.flatMap((identity) => identity.addresses.map((address) => ({ identity, address })));
    const choice = choices.find(({ address }) => sameAddress(address, from)) ?? choices[0];
    const options = choices.map(({ identity, address }) => html("option", {
      value: `${identity.fingerprint} ${address}`, text: translate("identity_option", { address, issuer: readableName(identity.issuer) }),
      selected: choice?.identity === identity && choice.address === address,
    }));
    this.#select = html("select", {
      id: uniqueId("from"), data: { test: "compose-from" }, on: { change: () => { this.show(); onChange(); } },
    }, ...options);
    this.#expiry = html("div", {}, createExpiryNote(choice?.identity ?? null));
    const isOther = from && choice && !sameAddress(choice.address, from);
    const hint = isOther ? html("p", { class: "field-hint", text: translate("compose_other_from", { first: isolate(from), second: isolate(choice.address) }) }) : null;
    const notes = choices.length ? [hint] : createKeysMissing();
    this.element = html("div", { class: "field" },
      html("label", { for: this.#select.id, text: translate("from") }), this.#select, this.#expiry, ...notes);
  }

  /** The identity of the letter's sender. */
  get identity() {
    const [fingerprint] = this.#select.value.split(" ");
    return this.#identities.find((own) => own.fingerprint === fingerprint) ?? null;
  }

  get address() {
    return this.#select.value.split(" ").slice(1).join(" ") || this.#asked;
  }

  get isLocked() {
    return this.identity?.locked ?? true;
  }

  /**
   * The addresses of the person's own keys, and the letter's From address. A reply to all is not sent to these
   * addresses. Keys that several people share are left out: they may name addresses of colleagues, who must get such a
   * reply.
   */
  get ownAddresses() {
    return [this.address, ...this.#identities.filter(({ isShared }) => !isShared).flatMap(({ addresses }) => addresses)];
  }

  /**
   * The value of the chosen option. It names the identity and the address, since several identities may have the same
   * address.
   */
  get choice() {
    return this.#select.value;
  }

  /** @param {string} choice the choice that a draft has kept; ignored if this choice is no longer offered */
  choose(choice) {
    if ([...this.#select.options].some(({ value }) => value === choice)) this.#select.value = choice;
    this.show();
  }

  /**
   * Replaces the identities, since another window may have locked or unlocked some.
   * @param {OwnIdentity[]} identities
   */
  refresh(identities) {
    const wasLocked = this.isLocked;
    this.#identities = identities;
    if (wasLocked !== this.isLocked) this.#showUnlock();
  }

  focusPassphrase() {
    this.#passphrase?.focus();
  }

  /** Draws the note about the identity's expiry, and the field for its passphrase if it is locked. */
  show() {
    this.#expiry.replaceChildren(createExpiryNote(this.identity));
    this.#showUnlock();
  }

  #showUnlock() {
    const { identity } = this;
    this.#passphrase = null;
    this.unlockPlace.replaceChildren();
    if (!identity?.locked) return;
    const unlock = () => void this.#unlock(identity, passphrase);
    const passphrase = new SecretField({
      translate: this.#translate, label: translate("passphrase_for", { file: identity.fileName }), hint: translate("passphrase_hint"), onSubmit: unlock,
    });
    this.#passphrase = passphrase;
    this.unlockPlace.replaceChildren(passphrase.element, html("button", {
      type: "button", text: this.#translate("unlock_keys"), data: { test: "unlock" }, on: { click: unlock },
    }));
  }

  /** @param {OwnIdentity} identity @param {SecretField} passphrase */
  async #unlock(identity, passphrase) {
    try {
      await this.#courier.unlock(identity.keyFile, passphrase.take());
    } catch (error) {
      return passphrase.setError(errorText(error));
    }
    await this.#onUnlocked();
  }
}

function createKeysMissing() {
  return [
    html("p", { class: "warning", text: translate("no_keys_yet"), data: { test: "no-keys" } }),
    html("button", { type: "button", text: translate("verb_add_keys"), on: { click: () => void ask("options.open", { section: "identities" }) } }),
  ];
}
