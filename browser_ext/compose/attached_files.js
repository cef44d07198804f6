/** What is attached to the letter: picked, dropped, or taken over from the message that is forwarded. */
import { createDraftAttachmentList } from "../runtime/ui/attachments.js";
import { html } from "../runtime/ui/dom.js";

/** @typedef {import("../runtime/ui/attachments.js").Attachment} Attachment */

export class AttachedFiles {
  element;
  /** @type {Attachment[]} */
  files = [];
  #translate;
  #onChange;
  #list = html("ul", { class: "attachment-rows", data: { test: "compose-attachments" } });
  #picker;

  /** @param {import("../runtime/ui/catalogue.js").Catalogue} translate @param {() => void} onChange */
  constructor(translate, onChange) {
    this.#translate = translate;
    this.#onChange = onChange;
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
    const read = async (/** @type {File} */ file) =>
      ({ name: file.name, type: file.type || "application/octet-stream", data: await file.arrayBuffer() });
    for (const file of files) this.files.push(await read(file));
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
