/**
 * The offer of a key to a recipient who has opened a parcel with its six words. The bridge says whether it makes the
 * offer. The form is a separate script, which is loaded when the person presses the button.
 */

import { createForm, html, inputField, problem, uniqueId } from "../../../../../wasm_build/ui/dom.js";
import { saveFile } from "../../../../../wasm_build/ui/attachments.js";
import { NewPassphrase } from "../../../../../wasm_build/ui/new_passphrase.js";
import { ApiError } from "../../../../../wasm_build/vault/server/json_requests.js";
import { PARCEL_KEY_INTEGRITY } from "../../../../../wasm_build/vault/owner/pinned.js";
import { parcelKeyUrl } from "../../../../../wasm_build/vault/owner/trusted_scripts.js";
import { lateScript } from "../../../app/late_script.js";

/** @typedef {import("../parcel_page.js").ParcelPage} ParcelPage */
/** @typedef {import("../../../../../wasm_build/parcels/parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("../../../../../wasm_build/parcels/requests.js").KeyTerms} KeyTerms */
/** @typedef {import("../../key/parcel_key.js").ParcelKey} ParcelKey */

const load = lateScript(parcelKeyUrl, PARCEL_KEY_INTEGRITY);
/** The parts of this page that the form uses. A second copy of `uniqueId`, for example, would repeat ids. */
const PARTS = { createForm, inputField, NewPassphrase, problem, saveFile, uniqueId };

export class KeyOffer {
  element = html("section", { class: "stack", hidden: true, data: { test: "key-offer" } });
  #page;
  #reader;
  #signal;
  #close = () => {};

  /**
   * @param {ParcelPage} page
   * @param {ParcelReader} reader
   * @param {AbortSignal} signal aborts when the parcel is closed
   */
  constructor(page, reader, signal) {
    this.#page = page;
    this.#reader = reader;
    this.#signal = signal;
  }

  /** Deletes a key that is being made, and the text that was typed for it. */
  close() {
    this.#close();
    this.#close = () => {};
    this.element.replaceChildren();
  }

  /**
   * Shows the offer, if the bridge makes it.
   * @param {import("../../../../../wasm_build/parcels/requests.js").Opening} opening
   * @param {import("../../../../../wasm_build/parcels/parcel_reader.js").OpenedManifest} manifest
   */
  show({ key: terms }, { to: addresses }) {
    if (terms && addresses.length > 0) this.#draw(terms, addresses);
  }

  /** @param {KeyTerms} terms @param {string[]} addresses of the parcel's recipients */
  #draw(terms, addresses) {
    const { translate } = this.#page;
    const failure = problem("key-load-error");
    const button = html("button", {
      type: "button", text: translate("parcel_key_title"), data: { test: "get-key" },
      on: { click: () => void this.#page.attempt(button, translate("loading"), failure, () => this.#begin(terms, addresses)) },
    });
    this.#fill(
      html("h2", { text: translate("parcel_key_offer_title") }), html("p", { text: translate("parcel_key_offer") }),
      failure, html("div", { class: "actions" }, button),
    );
    return button;
  }

  /** @param {KeyTerms} terms @param {string[]} addresses */
  async #begin(terms, addresses) {
    await load().catch((error) => { throw new ApiError("unreachable", String(error)); });
    if (this.#signal.aborted) return;
    const { sealwaxParcelKey } = /** @type {{sealwaxParcelKey: ParcelKey}} */ (/** @type {unknown} */ (globalThis));
    const form = sealwaxParcelKey.createKey({
      page: this.#page, reader: this.#reader, parts: PARTS, terms, addresses,
      onEnd: () => {
        this.#close = () => {};
        this.#draw(terms, addresses).focus();
      },
    });
    this.#close = () => form.close();
    this.#fill(form.element);
    form.focus();
  }

  /** @param {...HTMLElement} children */
  #fill(...children) {
    this.element.hidden = false;
    this.element.replaceChildren(...children);
  }
}
