/**
 * The form in which the recipient of a parcel gets a key of their own: the passphrase, the code from the mail, and the file.
 *
 * This is a separate script, which `key_offer.js` loads when the person wants a key. Functions and classes that may exist
 * only once in a document come from the page. The vault makes the key, which leaves the vault only under the passphrase.
 * The browser keeps nothing. The file can be saved until the parcel is closed. The certificate is made only after the
 * right code, so that nobody encrypts for a key that was given up.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { isolate } from "../../../../wasm_build/ui/formats.js";
import { codeOf } from "../../../../wasm_build/parcels/failures.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("../page/parcel_page.js").ParcelPage} ParcelPage */
/** @typedef {import("../../../../wasm_build/parcels/parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("../../../../wasm_build/parcels/parcel_reader.js").NewKey} NewKey */
/**
 * @typedef {Pick<typeof import("../../../../wasm_build/ui/dom.js"), "createForm" | "inputField" | "problem" | "uniqueId">
 *   & Pick<typeof import("../../../../wasm_build/ui/attachments.js"), "saveFile">
 *   & Pick<typeof import("../../../../wasm_build/ui/new_passphrase.js"), "NewPassphrase">} Parts
 */
/**
 * @typedef {{
 *   page: ParcelPage, reader: ParcelReader, parts: Parts, terms: import("../../../../wasm_build/parcels/requests.js").KeyTerms,
 *   addresses: string[], onEnd: () => void,
 * }} Given `addresses` are those of the parcel's recipients; `onEnd` is called when the form is no longer wanted
 */
/** @typedef {{element: HTMLElement, focus: () => void, close: () => void}} KeyForm `close` deletes the key */
/** @typedef {{createKey: (given: Given) => KeyForm}} ParcelKey */

const CODE = /^\d{8}$/u;
const CODE_ENDED = "code-ended";
const TRY_LATER = "try-later";

/** @type {ParcelKey["createKey"]} */
function createKey(given) {
  return new KeySteps(given);
}

/** The steps of the form: the passphrase, the code, and the saved file. Each step replaces the step before. */
class KeySteps {
  #given;
  #translate;
  #title;
  #passphrases;
  /** Submits the form with the passphrase. */
  #submit = () => {};
  /** The new key without a certificate. @type {NewKey | null} */
  #made = null;
  /** The file with the key, which the person may save again. @type {ArrayBuffer | null} */
  #file = null;

  /** @param {Given} given */
  constructor(given) {
    const { page: { translate }, parts } = given;
    this.#given = given;
    this.#translate = translate;
    const titleId = parts.uniqueId("key");
    this.#title = html("h2", { id: titleId, tabindex: -1, text: translate("parcel_key_title") });
    this.element = html("div", { class: "stack", role: "group", "aria-labelledby": titleId, data: { test: "key-form" } });
    this.#passphrases = new parts.NewPassphrase(given.page, {
      first: { label: translate("request_passphrase"), hint: translate("request_passphrase_hint") },
      again: { label: translate("passphrase_again"), hint: translate("request_passphrase_again_hint"), onSubmit: () => this.#submit() },
      missing: translate("error_passphrase_missing"),
      differ: translate("request_passphrases_differ"),
    });
    this.#showPassphrase();
  }

  focus() {
    this.#title.focus();
  }

  close() {
    this.#passphrases.clear();
    for (const bytes of [this.#made?.key, this.#file]) if (bytes) overwrite(bytes);
    this.#made = this.#file = null;
  }

  #createCancel() {
    return html("button", {
      type: "button", text: this.#translate("cancel"), data: { test: "cancel-key" },
      on: { click: () => { this.close(); this.#given.onEnd(); } },
    });
  }

  /** @param {...HTMLElement} children */
  #show(...children) {
    // Each step restarts the idle time. The person reads a mail for the next step, and the key must not be lost
    // meanwhile.
    this.#given.page.touch();
    this.element.replaceChildren(this.#title, ...children);
  }

  #showPassphrase() {
    const { page, reader, parts, addresses } = this.#given;
    const translate = this.#translate;
    const failure = parts.problem("key-error");
    const address = createAddress(parts, translate("parcel_key_address"), addresses);
    const button = html("button", { class: "primary", type: "submit", text: translate("parcel_key_make"), data: { test: "make-key" } });
    const make = () => page.attempt(button, translate("parcel_key_making"), failure, async () => {
      const passphrase = this.#passphrases.read();
      if (!passphrase) return;
      this.#made = await reader.makeKey(address.read(), passphrase);
      await this.#askForCode(this.#made);
    });
    const form = parts.createForm(
      { class: "stack", data: { test: "key-passphrase-form" } }, make, html("p", { text: translate("parcel_key_meaning") }),
      address.element, this.#passphrases.element, failure, html("div", { class: "actions" }, button, this.#createCancel()),
    );
    this.#submit = () => form.requestSubmit();
    this.#show(form);
  }

  /** Asks the server for a code by mail, and shows the field for it. @param {NewKey} key */
  async #askForCode(key) {
    await this.#given.reader.askForKey(key).catch((error) => { throw ofKey(error); });
    this.#showCode(key);
  }

  /** @param {NewKey} key */
  #showCode(key) {
    const { page, parts } = this.#given;
    const translate = this.#translate;
    const failure = parts.problem("key-error");
    const code = this.#createCodeField();
    const button = html("button", { class: "primary", type: "submit", text: translate("parcel_key_get"), data: { test: "confirm-key" } });
    const another = html("button", {
      type: "button", hidden: true, text: translate("parcel_key_another"), data: { test: "another-code" },
      on: { click: () => void page.attempt(another, translate("working"), failure, () => this.#askForCode(key)) },
    });
    const confirm = () => page.attempt(button, translate("parcel_key_getting"), failure, async () => {
      const digits = code.input.value.replaceAll(/[\s-]/gu, "");
      if (!CODE.test(digits)) {
        failure.textContent = translate("parcel_key_code_missing");
        code.input.focus();
        return;
      }
      await this.#getFile(key, digits).catch((error) => {
        another.hidden = codeOf(error) !== CODE_ENDED;
        code.input.focus();
        throw ofKey(error);
      });
      this.#passphrases.clear();
      this.#save(key.address);
      this.#showSaved(key.address);
    });
    const sentence = this.#codeWasSent(key.address);
    this.#show(parts.createForm(
      { class: "stack", data: { test: "key-code-form" } }, confirm,
      html("p", { text: sentence, data: { test: "key-code-sent" } }),
      html("p", { class: "field-hint", text: translate("parcel_key_no_code") }),
      code.element, failure, html("div", { class: "actions" }, button, another, this.#createCancel()),
    ));
    code.input.focus();
    page.announce(sentence);
  }

  #createCodeField() {
    return this.#given.parts.inputField(this.#translate("parcel_key_code"), {
      inputmode: "numeric", autocomplete: "one-time-code", spellcheck: "false", dir: "ltr", maxlength: 12, class: "short",
      data: { test: "key-code" }, on: { input: () => this.#given.page.touch() },
    }, { hint: this.#translate("parcel_key_code_hint") });
  }

  /** The sentence that says where the code was sent, and how long it is valid. @param {string} address */
  #codeWasSent(address) {
    return this.#translate("parcel_key_code_sent", {
      address: isolate(address), minutes: String(Math.round(this.#given.terms.seconds / 60)),
    });
  }

  /** Gets the certificates for the code, and makes the file. @param {NewKey} key @param {string} digits */
  async #getFile(key, digits) {
    const certificates = await this.#given.reader.confirmKey(key, digits);
    const passphrase = this.#passphrases.read();
    if (!passphrase) throw new ApiError("internal-error", "the passphrase is gone");
    this.#file = await this.#given.reader.finishKey(key, certificates, passphrase);
  }

  /** @param {string} address */
  #save(address) {
    if (this.#file) this.#given.parts.saveFile(fileName(address), this.#file);
  }

  /** @param {string} address */
  #showSaved(address) {
    const translate = this.#translate;
    const sentence = translate("parcel_key_saved", { name: isolate(fileName(address)), address: isolate(address) });
    const note = html("p", { tabindex: -1, text: sentence, data: { test: "key-saved" } });
    const steps = ["parcel_key_keep", "parcel_key_import", "parcel_key_later"].map((key) => html("li", {
      text: translate(key, { button: translate("parcel_certificate_use") }),
    }));
    this.#show(note, html("ol", { class: "stack" }, ...steps), html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("parcel_key_save_again"), data: { test: "save-key-again" }, on: { click: () => this.#save(address) },
    })));
    note.focus();
    this.#given.page.announce(sentence);
  }
}

/**
 * The person's address, as a text if the parcel has one recipient, otherwise as a choice.
 * @param {Parts} parts
 * @param {string} label
 * @param {string[]} addresses
 */
function createAddress(parts, label, addresses) {
  const [only = ""] = addresses;
  if (addresses.length === 1) {
    return {
      element: html("p", {}, html("span", { text: `${label}: ` }), html("bdi", { text: only, data: { test: "key-address" } })),
      read: () => only,
    };
  }
  const id = parts.uniqueId("key-address");
  const choice = html("select", { id, data: { test: "key-address" } }, ...addresses.map((address) => html("option", { value: address, text: address })));
  return { element: html("div", { class: "field" }, html("label", { for: id, text: label }), choice), read: () => choice.value };
}

/** The name of the key file. @param {string} address */
function fileName(address) {
  return `${address.replaceAll(/[^A-Za-z0-9@._+-]/gu, "_")}.p12`;
}

/** The error with a code for keys, because the server's code has another meaning for parcels. @param {unknown} error */
function ofKey(error) {
  return codeOf(error) === TRY_LATER ? new ApiError("key-try-later", "too many codes or certificates") : error;
}

/** @type {ParcelKey} */
const key = { createKey };
Object.assign(globalThis, { sealwaxParcelKey: key });
