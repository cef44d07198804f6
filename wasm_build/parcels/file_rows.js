/** The files of a parcel. Each has its size, a button to save it, and the progress of the saving. */

import { html, problem, uniqueId } from "../ui/dom.js";
import { size } from "../ui/formats.js";
import { createLongList } from "../ui/long_list.js";
import { codeOf, remedyFor } from "./failures.js";
import { safeFileName } from "./file_names.js";
import { chooseWay } from "./saving.js";

/** @typedef {import("./parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("./parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("./chunk_plan.js").ReceivedFile} ParcelFile */
/**
 * The controls of one file.
 * @typedef {{save: HTMLButtonElement, cancel: HTMLButtonElement, bar: HTMLProgressElement, said: HTMLElement, failure: HTMLElement}} SavingRow
 */

export class FileRows {
  /** The section; null without files. @type {HTMLElement | null} */
  element = null;
  #page;
  #reader;
  #signal;

  /**
   * @param {ParcelHost} page
   * @param {ParcelReader} reader
   * @param {{files: ParcelFile[], signal: AbortSignal}} options `signal` aborts when the parcel is closed
   */
  constructor(page, reader, { files, signal }) {
    this.#page = page;
    this.#reader = reader;
    this.#signal = signal;
    if (files.length === 0) return;
    const titleId = uniqueId("files");
    this.element = html(
      "section", { class: "attachments", "aria-labelledby": titleId },
      html("h2", { id: titleId, text: page.translate("parcel_files") }),
      ...createLongList(html("ul", { class: "attachment-rows", data: { test: "parcel-files" } }), files, (file) => this.#createRow(file), {
        more: (count) => page.translate("rows_more", { count }),
      }),
    );
  }

  /** @param {ParcelFile} file */
  #createRow(file) {
    const { translate } = this.#page;
    const name = safeFileName(file.name, translate("unnamed_file"));
    const save = html("button", {
      type: "button", text: translate("save"), "aria-label": translate("save_named", { name }), data: { test: "save-file" },
      on: { click: () => void this.#save(file, name, { save, cancel, bar, said: status, failure }) },
    });
    const cancel = html("button", {
      type: "button", hidden: true, text: translate("cancel"), "aria-label": translate("cancel_named", { name }),
      data: { test: "cancel-saving" },
    });
    const bar = html("progress", { max: String(Math.max(1, file.cmsBytes)), value: "0", hidden: true, "aria-label": translate("parcel_progress", { name }) });
    const status = html("p", { class: "parcel-saving", role: "status", data: { test: "saving" } });
    const failure = problem("saving-error");
    return html(
      "li", { class: "attachment parcel-file", data: { test: "parcel-file" } },
      html(
        "span", { class: "attachment-words" }, html("bdi", { class: "attachment-name", text: name }),
        html("span", { class: "attachment-facts", text: size(file.sizeBytes) }),
      ),
      save, cancel, html("div", { class: "parcel-progress" }, bar, status, failure),
    );
  }

  /** @param {ParcelFile} file @param {string} name @param {SavingRow} row */
  async #save(file, name, row) {
    const { translate } = this.#page;
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.#signal]);
    const whole = size(file.sizeBytes);
    try {
      row.failure.textContent = "";
      const way = await chooseWay({ name, bytes: file.sizeBytes }, { byWorker: this.#page.saveByWorker });
      if (!way) return;
      beginSaving(row, () => stopping.abort());
      row.said.textContent = translate("parcel_saving", { total: whole });
      const chunks = this.#reader.chunks(file, {
        signal,
        onProgress: (bytes) => { row.bar.value = bytes; },
        onLost: (isLost) => { row.said.textContent = translate(isLost ? "parcel_lost" : "parcel_saving", { total: whole }); },
      });
      await way.save(chunks, signal);
      endSaving(row, translate(way.kind === "chosen" ? "parcel_saved" : "parcel_saved_downloads"));
    } catch (error) {
      endSaving(row, stopping.signal.aborted ? translate("parcel_saving_cancelled") : "");
      if (signal.aborted) return;
      row.failure.textContent = this.#page.sentenceFor(error);
      if (remedyFor(error) === "sender") void this.#reader.claim("failed", codeOf(error));
    }
  }
}

/** @param {SavingRow} row @param {() => void} onCancel */
function beginSaving(row, onCancel) {
  row.bar.value = 0;
  row.cancel.onclick = onCancel;
  showSaving(row, true);
  row.cancel.focus();
}

/** @param {SavingRow} row @param {string} text what became of it */
function endSaving(row, text) {
  const hadFocus = document.activeElement === row.cancel;
  showSaving(row, false);
  row.said.textContent = text;
  if (hadFocus) row.save.focus();
}

/** @param {SavingRow} row @param {boolean} isSaving */
function showSaving({ save, cancel, bar }, isSaving) {
  save.hidden = isSaving;
  cancel.hidden = !isSaving;
  bar.hidden = !isSaving;
}
