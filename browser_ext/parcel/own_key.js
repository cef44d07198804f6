/** The form that opens a parcel that was encrypted for a certificate of the person, with the person's key. */
import { html, whileBusy } from "../../wasm_build/ui/dom.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { translate } from "../texts/texts.js";
import { createIdentityChoice } from "../shared/identity_choice.js";
import { ask, askWithSecrets } from "../shared/request.js";

/** @typedef {ReplyTo<"page.identities">["identities"]} Identities */

export class OwnKeyForm {
  element = html("section", { class: "stack", data: { test: "own-key" } });
  #tab;
  #identities;
  #chosen;
  /** @type {SecretField | null} */
  #passphrase = null;
  #problem = html("p", { class: "problem", role: "alert", data: { test: "own-key-problem" } });

  /** @param {import("./parcel_tab.js").ParcelTab} tab @param {Identities} identities */
  constructor(tab, identities) {
    this.#tab = tab;
    this.#identities = identities;
    this.#chosen = identities[0]?.fingerprint ?? "";
    this.#draw();
  }

  /** The form for the person's keys; null if there are none. @param {import("./parcel_tab.js").ParcelTab} tab */
  static async make(tab) {
    const { identities } = await ask("page.identities");
    return identities.length ? new OwnKeyForm(tab, identities) : null;
  }

  #draw() {
    const locked = this.#identity?.locked ? this.#identity : null;
    const go = html("button", { type: "button", text: translate("parcel_by_key"), data: { test: "open-by-key" } });
    this.#passphrase = locked && new SecretField({
      translate: this.#tab.translate, label: translate("passphrase_for", { file: locked.fileName }), hint: translate("passphrase_hint"), onSubmit: () => go.click(),
    });
    go.addEventListener("click", () => void whileBusy(go, translate("status_opening"), () => this.#open(), (error) => {
      this.#problem.textContent = this.#tab.sentenceFor(error);
    }));
    const choice = this.#identities.length < 2 ? null : createIdentityChoice(this.#identities, {
      label: translate("parcel_key_choice"), chosen: this.#chosen, onChange: (fingerprint) => {
        this.#chosen = fingerprint;
        this.#draw();
      },
    });
    this.element.replaceChildren(
      html("h2", { text: translate("parcel_by_key_title") }), html("p", { class: "muted", text: translate("parcel_by_key_hint") }),
      ...(choice ? [choice] : []), ...(this.#passphrase ? [this.#passphrase.element] : []), this.#problem, html("div", { class: "actions" }, go),
    );
  }

  get #identity() {
    return this.#identities.find(({ fingerprint }) => fingerprint === this.#chosen);
  }

  async #open() {
    this.#problem.textContent = "";
    const locked = this.#identity?.locked ? this.#identity : null;
    if (locked && this.#passphrase) {
      const { identities } = await askWithSecrets("page.unlock", { keyFile: locked.keyFile }, { passphrase: this.#passphrase.take() });
      this.#identities = identities;
    }
    const chosen = this.#identity;
    if (chosen) await this.#tab.openByKey(chosen);
    if (this.element.isConnected) this.#draw();
  }
}
