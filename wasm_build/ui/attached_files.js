/** The list of the files attached to a message that is being written, with the button that chooses more. */

import { createDraftAttachmentList } from "./attachments.js";
import { html, problem } from "./dom.js";
import { listOf } from "./formats.js";

/** @typedef {import("./message_files.js").MessageFiles} MessageFiles */

export class AttachedFiles {
  element;
  #translate;
  #files;
  #failure = problem("attach-error");
  #note = html("p", { class: "field-hint", hidden: true, data: { test: "large-files" } });
  #list = html("ul", { class: "attachment-rows", data: { test: "compose-attachments" } });
  #picker;

  /** @param {import("./catalogue.js").Catalogue} translate @param {MessageFiles} files */
  constructor(translate, files) {
    this.#translate = translate;
    this.#files = files;
    this.#picker = html("input", {
      type: "file", multiple: true, class: "visually-hidden", data: { test: "compose-file" },
      on: { change: () => { void files.attach([...(this.#picker.files ?? [])]); this.#picker.value = ""; } },
    });
    const label = html("label", { class: "button file-button" }, this.#picker, translate("attach"));
    this.element = html("div", { class: "field" }, this.#list, label, this.#note, this.#failure);
    files.addEventListener("progress", () => this.#showFailure());
    files.addEventListener("change", () => this.#show());
    this.#show();
  }

  #show() {
    const { files, large } = this.#files;
    const onRemove = (/** @type {typeof files[0] | typeof large[0]} */ gone) => {
      this.#files.remove(gone);
      this.#picker.focus();
    };
    this.#list.replaceChildren(
      ...createDraftAttachmentList(this.#translate, files, onRemove), ...createDraftAttachmentList(this.#translate, large, onRemove),
    );
    this.#note.hidden = large.length === 0;
    this.#note.textContent = this.#translate("large_files", { names: listOf(large.map(({ name }) => name), this.#translate) });
    this.#showFailure();
  }

  #showFailure() {
    const { unreadable } = this.#files;
    const text = unreadable.length > 0 ? this.#translate("files_unreadable", { names: listOf(unreadable, this.#translate) }) : "";
    // The failure is set once, so that a screen reader says it only once.
    if (this.#failure.textContent !== text) this.#failure.textContent = text;
  }
}
