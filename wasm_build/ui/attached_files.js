/** What is attached to the letter: picked, dropped, or taken over from the message that is forwarded. */
import { createDraftAttachmentList } from "../runtime/ui/attachments.js";
import { html } from "../runtime/ui/dom.js";

/** @typedef {import("../runtime/ui/attachments.js").Attachment} Attachment */

/** So much of a file is read at a time, and told. */
const PART_BYTES = 4 * 2 ** 20;

export class AttachedFiles {
  element;
  /** @type {Attachment[]} */
  files = [];
  #translate;
  #onChange;
  #onProgress;
  #list = html("ul", { class: "attachment-rows", data: { test: "compose-attachments" } });
  #picker;

  /**
   * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
   * @param {{onChange: () => void, onProgress: (told: import("../shared/progress.js").Told) => void}} options
   */
  constructor(translate, { onChange, onProgress }) {
    this.#translate = translate;
    this.#onChange = onChange;
    this.#onProgress = onProgress;
    this.#picker = html("input", {
      type: "file", multiple: true, class: "visually-hidden", data: { test: "compose-file" },
      on: { change: () => { void this.attach([...(this.#picker.files ?? [])]); this.#picker.value = ""; } },
    });
    const label = html("label", { class: "button file-button" }, this.#picker, translate("attach"));
    this.element = html("div", { class: "field" }, this.#list, label);
  }

  get bytes() {
    return this.files.reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  /** @param {File[]} files */
  async attach(files) {
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const onRead = (/** @type {number} */ bytes) => {
      done += bytes;
      this.#onProgress({ stage: "read", done, total });
    };
    for (const file of files) {
      this.files.push({ name: file.name, type: file.type || "application/octet-stream", data: await read(file, onRead) });
    }
    this.replace(this.files);
  }

  /** @param {Attachment[]} files those from now on */
  replace(files) {
    this.files = files;
    const onRemove = (/** @type {Attachment} */ gone) => {
      this.replace(this.files.filter((each) => each !== gone));
      this.#picker.focus();
    };
    this.#list.replaceChildren(...createDraftAttachmentList(this.#translate, this.files, onRemove));
    this.#onChange();
  }
}

/** @param {File} file @param {(bytes: number) => void} onRead */
async function read(file, onRead) {
  const data = new Uint8Array(file.size);
  for (let offset = 0; offset < data.length; offset += PART_BYTES) {
    const part = new Uint8Array(await file.slice(offset, offset + PART_BYTES).arrayBuffer());
    data.set(part, offset);
    onRead(part.length);
  }
  return data.buffer;
}
