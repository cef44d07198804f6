/** Who the letter is from: the identity that signs it, what is to be said of that, and the passphrase that unlocks it. */
import { html, uniqueId } from "../runtime/ui/dom.js";
import { isolate, sameAddress } from "../runtime/ui/formats.js";
import { SecretField } from "../runtime/ui/secret_field.js";
import { errorText, text } from "../shared/i18n.js";
import { ask } from "../shared/request.js";
import { createExpiryNote } from "./own_expiry.js";

/** @typedef {import("./courier.js").Courier} Courier */
/** @typedef {import("./courier.js").OwnIdentity} OwnIdentity */

export class SenderChoice {
  /** The choice, and the place of the passphrase, which stands by the button that sends. */
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
   * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
   * @param {Courier} courier
   * @param {{
   *   from: string, identities: OwnIdentity[], onChange: () => void, onUnlocked: () => Promise<void>,
   * }} options `from` is the address that the webmail has asked for
   */
  constructor(translate, courier, { from, identities, onChange, onUnlocked }) {
    this.#translate = translate;
    this.#courier = courier;
    this.#asked = from;
    this.#identities = identities;
    this.#onUnlocked = onUnlocked;
    const choices = identities.flatMap((identity) => identity.addresses.map((address) => ({ identity, address })));
    const wanted = choices.find(({ address }) => sameAddress(address, from)) ?? choices[0];
    const options = choices.map(({ identity, address }) => html("option", {
      value: `${identity.fingerprint} ${address}`, text: text("identityOption", address, identity.issuer),
      selected: wanted?.identity === identity && wanted.address === address,
    }));
    const on = { change: () => { this.show(); onChange(); } };
    this.#select = html("select", { id: uniqueId("from"), data: { test: "compose-from" }, on }, ...options);
    this.#expiry = html("div", {}, createExpiryNote(wanted?.identity ?? null));
    const isOther = from && wanted && !sameAddress(wanted.address, from);
    const hint = isOther ? html("p", { class: "field-hint", text: text("composeOtherFrom", isolate(from), isolate(wanted.address)) }) : null;
    const notes = choices.length ? [hint] : createKeysMissing();
    this.element = html("div", { class: "field" },
      html("label", { for: this.#select.id, text: translate("from") }), this.#select, this.#expiry, ...notes);
  }

  /** The identity that the letter is from. */
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

  /** Every address that the person has keys for. */
  get ownAddresses() {
    return this.#identities.flatMap(({ addresses }) => addresses);
  }

  /** Which identity under which address the letter is from; several may have the same one. */
  get choice() {
    return this.#select.value;
  }

  /** @param {string} choice of a draft, which stays as it is when that identity is gone */
  choose(choice) {
    if ([...this.#select.options].some(({ value }) => value === choice)) this.#select.value = choice;
    this.show();
  }

  /** Keys may have been locked, unlocked or added in another window. @param {OwnIdentity[]} identities */
  refresh(identities) {
    const wasLocked = this.isLocked;
    this.#identities = identities;
    if (wasLocked !== this.isLocked) this.#showUnlock();
  }

  focusPassphrase() {
    this.#passphrase?.focus();
  }

  /** Draws what is to be said of the identity. */
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
      translate: this.#translate, label: text("passphraseFor", identity.fileName), hint: text("passphraseHint"), onSubmit: unlock,
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
    html("p", { class: "warning", text: text("noKeysYet"), data: { test: "no-keys" } }),
    html("button", { type: "button", text: text("verbAddKeys"), on: { click: () => void ask("options.open") } }),
  ];
}
