/**
 * The choice of files in the extension's window. The window sends them to the context that runs the vault (the vault's
 * owner) in parts, each encrypted for the owner's key.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { exactSize } from "../../wasm_build/ui/formats.js";
import { encryptTo } from "./channel.js";
import { MAX_FILES_BYTES, PART_BYTES } from "./file_limits.js";
import { errorText, translate } from "../texts/texts.js";
import { RequestError } from "./messages.js";
import { ask } from "./request.js";
import { visibleText } from "./visible_text.js";

export class FilesQuestion {
  #problem = html("p", { class: "problem", role: "alert", data: { test: "files-problem" } });
  #list = html("ul", { class: "list", data: { test: "chosen-files" } });
  #input;
  element;

  /** @param {{multiple: boolean}} options */
  constructor({ multiple }) {
    this.#input = html("input", { type: "file", id: "files", multiple, data: { test: "files" } });
    this.#input.addEventListener("change", () => this.#draw());
    this.element = html("section", {}, html("h2", { text: translate("file_which") }),
      html("div", { class: "field" }, html("label", { for: "files", text: translate(multiple ? "files" : "file_choose") }), this.#input),
      html("p", { class: "muted", text: translate("file_hint", { size: MAX_FILES_BYTES / 2 ** 20 }) }), this.#list, this.#problem);
  }

  /** Checks that the chosen files are neither missing nor too large. @throws {RequestError} */
  check() {
    if (!this.#files.length) throw new RequestError("no-file-chosen");
    if (this.#bytes > MAX_FILES_BYTES) throw new RequestError("files-too-large");
  }

  get #files() {
    return Array.from(this.#input.files ?? []);
  }

  get #bytes() {
    return this.#files.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Sends the chosen files to the vault's owner.
   * @param {string} job
   * @param {(share: number) => void} onProgress from 0 to 1
   */
  async upload(job, onProgress) {
    const total = this.#bytes;
    const { publicKey } = await ask("vault.key");
    let sent = 0;
    for (const [index, file] of this.#files.entries()) {
      const head = new TextEncoder().encode(JSON.stringify({ name: file.name, type: mediaType(file) })).buffer;
      await this.#send({ job, index, place: 0 }, publicKey, head);
      for (let offset = 0; offset < file.size; offset += PART_BYTES) {
        const place = 1 + offset / PART_BYTES;
        await this.#send({ job, index, place }, publicKey, await file.slice(offset, offset + PART_BYTES).arrayBuffer());
        sent += Math.min(PART_BYTES, file.size - offset);
        onProgress(sent / total);
      }
    }
  }

  /** @param {{job: string, index: number, place: number}} where @param {ArrayBuffer} publicKey @param {ArrayBuffer} bytes */
  async #send(where, publicKey, bytes) {
    await ask("files.part", { ...where, part: await encryptTo(publicKey, "file", bytes) });
  }

  #draw() {
    this.#list.replaceChildren(...this.#files.map((file) => html("li", { class: "card" },
      html("div", { class: "who" }, html("div", { class: "name", dir: "auto" }, ...visibleText(file.name)),
        html("div", { class: "muted", text: exactSize(file.size) })))));
    this.#problem.textContent = this.#bytes > MAX_FILES_BYTES ? errorText({ code: "files-too-large" }) : "";
  }
}

/** The media type without parameters; "" for one that the core would refuse. @param {File} file */
function mediaType({ type }) {
  const [essence] = type.toLowerCase().split(";");
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/.test(essence) ? essence : "";
}
