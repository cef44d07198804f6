/**
 * The files attached to a letter: chosen, dropped, or taken from the forwarded message.
 *
 * A file that is too large for any mail is not read. It can only go in a parcel, which reads it piece by piece.
 */

import { createDraftAttachmentList } from "./attachments.js";
import { html } from "./dom.js";
import { listOf } from "./formats.js";
import { problem } from "./parts.js";

/** @typedef {import("./attachments.js").Attachment} Attachment */
/** @typedef {{name: string, type: string, data: {byteLength: number}, file: File}} LargeFile */

/** The number of bytes of a file that are read at a time. Progress is reported after each part. */
const PART_BYTES = 4 * 2 ** 20;

export class AttachedFiles {
  element;
  /** @type {Attachment[]} */
  files = [];
  /** The files that are too large for a mail. @type {LargeFile[]} */
  large = [];
  #mostBytes;
  #translate;
  #onChange;
  #onProgress;
  /** The number of selections of files that are being read. */
  #reading = 0;
  /** @type {Set<Promise<boolean>>} */
  #attaching = new Set();
  /** The number of times that the list was changed otherwise than by a file that has been read. */
  changes = 0;
  #failure = problem("attach-error");
  #note = html("p", { class: "field-hint", hidden: true, data: { test: "large-files" } });
  #list = html("ul", { class: "attachment-rows", data: { test: "compose-attachments" } });
  #picker;

  /**
   * @param {import("./catalogue.js").Catalogue} translate
   * @param {{
   *   onChange: () => void, onProgress?: (progress: {stage: "read", done: number, total: number}) => void, mostBytes?: () => number,
   * }} options files above `mostBytes` are not read
   */
  constructor(translate, { onChange, onProgress = () => {}, mostBytes = () => Infinity }) {
    this.#translate = translate;
    this.#mostBytes = mostBytes;
    this.#onChange = onChange;
    this.#onProgress = onProgress;
    this.#picker = html("input", {
      type: "file", multiple: true, class: "visually-hidden", data: { test: "compose-file" },
      on: { change: () => { void this.attach([...(this.#picker.files ?? [])]); this.#picker.value = ""; } },
    });
    const label = html("label", { class: "button file-button" }, this.#picker, translate("attach"));
    this.element = html("div", { class: "field" }, this.#list, label, this.#note, this.#failure);
  }

  /** Whether a chosen file is not attached yet. */
  get isReading() {
    return this.#reading > 0;
  }

  get bytes() {
    return [...this.files, ...this.large].reduce((sum, { data }) => sum + data.byteLength, 0);
  }

  /** Waits for the files that are being read. Returns whether all of them could be read. */
  async read() {
    return (await Promise.all(this.#attaching)).every((isRead) => isRead);
  }

  /** Reads files and attaches them. Returns whether all could be read. @param {File[]} files @returns {Promise<boolean>} */
  attach(files) {
    this.changes += 1;
    const attaching = this.#attach(files).finally(() => this.#attaching.delete(attaching));
    this.#attaching.add(attaching);
    return attaching;
  }

  /** @param {File[]} chosen */
  async #attach(chosen) {
    const isLarge = (/** @type {File} */ { size }) => size > this.#mostBytes();
    const files = chosen.filter((file) => !isLarge(file));
    this.large.push(...chosen.filter(isLarge).map((file) => ({ ...named(file), data: { byteLength: file.size }, file })));
    const total = files.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    const onRead = (/** @type {number} */ bytes) => {
      done += bytes;
      this.#onProgress({ stage: "read", done, total });
    };
    /** @type {string[]} */
    const unreadable = [];
    this.#reading += 1;
    this.#failure.textContent = "";
    this.#onProgress({ stage: "read", done, total });
    for (const file of files) {
      // A file may have been moved or changed since it was chosen.
      const data = await read(file, onRead).catch(() => null);
      if (data) this.files.push({ ...named(file), data });
      else unreadable.push(file.name);
    }
    this.#reading -= 1;
    if (unreadable.length > 0) {
      this.#failure.textContent = this.#translate("files_unreadable", { names: listOf(unreadable, this.#translate) });
    }
    this.#show();
    return unreadable.length === 0;
  }

  /** Replaces the list of attached files. @param {Attachment[]} files */
  replace(files) {
    this.files = files;
    this.changes += 1;
    this.#show();
  }

  #show() {
    const onRemove = (/** @type {Attachment} */ gone) => {
      this.replace(this.files.filter((each) => each !== gone));
      this.#picker.focus();
    };
    const onRemoveLarge = (/** @type {LargeFile} */ gone) => {
      this.large = this.large.filter((each) => each !== gone);
      this.replace(this.files);
      this.#picker.focus();
    };
    this.#list.replaceChildren(
      ...createDraftAttachmentList(this.#translate, this.files, onRemove),
      ...createDraftAttachmentList(this.#translate, this.large, onRemoveLarge),
    );
    this.#note.hidden = this.large.length === 0;
    this.#note.textContent = this.#translate("large_files", { names: listOf(this.large.map(({ name }) => name), this.#translate) });
    this.#onChange();
  }
}

/** @param {File} file */
function named({ name, type }) {
  return { name, type: type || "application/octet-stream" };
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
