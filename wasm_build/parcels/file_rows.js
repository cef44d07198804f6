/** The files of a parcel. Each has its size, a button to save it, and the progress of the saving. */

import { html, uniqueId } from "../ui/dom.js";
import { size } from "../ui/formats.js";
import { createLongList } from "../ui/long_list.js";
import { problem } from "../ui/parts.js";
import { codeOf, remedyFor } from "./failures.js";
import { safeFileName } from "./file_names.js";
import { chooseWay } from "./saving.js";

/** @typedef {import("./parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("./parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("./chunk_plan.js").ReceivedFile} ParcelFile */

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
    });
    const cancel = html("button", {
      type: "button", hidden: true, text: translate("cancel"), "aria-label": translate("cancel_named", { name }),
      data: { test: "cancel-saving" },
    });
    const bar = html("progress", { max: String(Math.max(1, file.cmsBytes)), value: "0", hidden: true, "aria-label": translate("parcel_progress", { name }) });
    const status = html("p", { class: "parcel-saving", role: "status", data: { test: "saving" } });
    const failure = problem("saving-error");
    const row = new SavingRow({ save, cancel, bar, said: status, failure });
    save.addEventListener("click", () => void this.#save(file, name, row));
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
      row.begin(() => stopping.abort());
      row.said.textContent = translate("parcel_saving", { total: whole });
      const chunks = this.#reader.chunks(file, {
        signal,
        onProgress: (bytes) => { row.bar.value = bytes; },
        onLost: (isLost) => { row.said.textContent = translate(isLost ? "parcel_lost" : "parcel_saving", { total: whole }); },
      });
      await way.save(chunks, signal);
      row.end(translate(way.kind === "chosen" ? "parcel_saved" : "parcel_saved_downloads"));
    } catch (error) {
      row.end(stopping.signal.aborted ? translate("parcel_saving_cancelled") : "");
      if (signal.aborted) return;
      row.failure.textContent = this.#page.sentenceFor(error);
      if (remedyFor(error) === "sender") void this.#reader.claim("failed", codeOf(error));
    }
  }
}

/** The controls of one file. */
class SavingRow {
  /** @param {{save: HTMLButtonElement, cancel: HTMLButtonElement, bar: HTMLProgressElement, said: HTMLElement, failure: HTMLElement}} parts */
  constructor({ save, cancel, bar, said, failure }) {
    this.save = save;
    this.cancel = cancel;
    this.bar = bar;
    this.said = said;
    this.failure = failure;
  }

  /** @param {() => void} onCancel */
  begin(onCancel) {
    this.bar.value = 0;
    this.cancel.onclick = onCancel;
    this.#show(true);
    this.cancel.focus();
  }

  /** @param {string} text what became of it */
  end(text) {
    const hadFocus = document.activeElement === this.cancel;
    this.#show(false);
    this.said.textContent = text;
    if (hadFocus) this.save.focus();
  }

  /** @param {boolean} isSaving */
  #show(isSaving) {
    this.save.hidden = isSaving;
    this.cancel.hidden = !isSaving;
    this.bar.hidden = !isSaving;
  }
}
