/** The field that adds a reader by address, or from a certificate file if no certificate is found. */
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { isAddress, isolate } from "../../wasm_build/ui/formats.js";
import { api } from "./api.js";
import { directoryPattern } from "./directory_address.js";
import { errorText, translate } from "../texts/texts.js";
import { ask } from "./request.js";

/** @typedef {import("../../wasm_build/ui/recipient_words.js").RecipientCheck} RecipientCheck */

export class ReaderAdder {
  #directory;
  #onAdded;
  #describe;
  #input;
  #status = html("p", { class: "muted", role: "status", data: { test: "add-reader-status" } });
  #fileActions = html("div", { class: "actions" });

  /**
   * @param {{
   *   directory: string, describe: (check: RecipientCheck) => string, onAdded: (check: RecipientCheck) => Promise<void>,
   * }} options `directory` is the person's bridge, or ""; `describe` returns the state of a certificate in words
   */
  constructor({ directory, describe, onAdded }) {
    this.#directory = directory;
    this.#describe = describe;
    this.#onAdded = onAdded;
    const id = uniqueId("add-reader");
    this.#input = html("input", {
      id, type: "email", autocomplete: "off", spellcheck: "false", dir: "ltr",
      data: { test: "add-reader" },
      on: { keydown: (event) => { if (event.key === "Enter") this.#find(); } },
    });
    const go = html("button", { type: "button", text: translate("add"), data: { test: "add-reader-go" }, on: { click: () => this.#find() } });
    this.element = html("div", { class: "field add-reader" }, html("label", { for: id, text: translate("add_person") }),
      html("div", { class: "line" }, this.#input, go), this.#status, this.#fileActions);
  }

  focus() {
    this.#input.focus();
  }

  /** Looks for an address that the page proposes. @param {string} address */
  find(address) {
    this.#input.value = address;
    this.#find();
  }

  #find() {
    const address = this.#input.value.trim();
    if (!isAddress(address)) {
      this.#input.focus();
      return this.#say(translate("add_reader_no_address"));
    }
    // The permission is requested during the click, because browsers grant access to a site only then.
    const granting = this.#directory ? api.permissions.request({ origins: [directoryPattern(this.#directory)] }) : null;
    void this.#take(address, async () => {
      await granting;
      return ask("people.add", { address });
    });
  }

  /** @param {string} address @param {() => Promise<RecipientCheck | null>} find */
  async #take(address, find) {
    this.#say(translate("add_reader_looking"));
    try {
      const check = await find();
      if (check?.usable) {
        this.#input.value = "";
        this.#say("");
        return await this.#onAdded(check);
      }
      this.#say(check ? this.#describe(check) : translate("add_reader_none", { address: isolate(address) }));
    } catch (error) {
      this.#say(errorText(error));
    }
    this.#offerFile(address);
  }

  /** @param {string} address */
  #offerFile(address) {
    const picker = html("input", {
      type: "file", class: "visually-hidden", accept: ".pem,.crt,.cer,.der,.p7b,.p7c,.vcf", data: { test: "add-reader-file" },
      on: { change: () => {
        const file = picker.files?.[0];
        if (!file) return;
        void this.#take(address, async () => ask("people.add-file", { address, name: file.name, bytes: await file.arrayBuffer() }));
      } },
    });
    this.#fileActions.replaceChildren(
      html("label", { class: "button file-button" }, picker, translate("add_reader_file", { address: isolate(address) })));
  }

  /** @param {string} words */
  #say(words) {
    this.#status.textContent = words;
    this.#fileActions.replaceChildren();
  }
}
