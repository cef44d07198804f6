/** The list of a folder, in which a person adds files, makes folders, renames, moves, deletes and saves. */

import { html } from "../../../wasm_build/ui/dom.js";
import { size } from "../../../wasm_build/ui/formats.js";
import { safeFileName } from "../../../wasm_build/parcels/file_names.js";
import { chooseWay } from "../../../wasm_build/parcels/saving.js";
import { saveByWorker } from "../parcels/page/worker_saving.js";
import { AddingList } from "./adding_list.js";
import { askDelete, askFolder, askName, pathsTo } from "./file_dialogs.js";
import { fileSentence } from "./file_errors.js";
import { readFile } from "./file_reading.js";
import { createFileRow, createFolderRow } from "./file_rows.js";
import {
  addFolder, countBelow, findFiles, lastName, listFolder, moveFile, moveFolder, NOTHING, parentOf, pathIn, removeFile, removeFolder,
} from "./file_tree.js";
import { Progress } from "./progress.js";

/** @typedef {import("./my_files.js").Given} Given */
/** @typedef {import("./keeper.js").Keeper} Keeper */
/** @typedef {import("./file_tree.js").KeptEntry} KeptEntry */
/** @typedef {import("./file_tree.js").Change} Change */

/** The number of rows that are shown at first, and the number that each press on the button adds. */
const PAGE = 100;
const OLDER = "files-older";

export class FilesView {
  element;
  #given;
  #translate;
  #keeper;
  #adding;
  #ending = new AbortController();
  #folder = "";
  #shown = PAGE;
  #failure;
  #again;
  #olderButton;
  #crumbs;
  #words;
  #rows = html("ul", { class: "attachment-rows", data: { test: "files" } });
  #note = html("p", { class: "note", role: "status", data: { test: "files-note" } });
  #used = html("p", { class: "note", data: { test: "files-used" } });
  #more;
  #tools;
  /** @type {(event: Event) => void} */
  #onAdded = (event) => {
    const names = /** @type {CustomEvent<string[]>} */ (event).detail;
    this.#draw();
    for (const name of names.slice(0, 1)) {
      const key = names.length > 1 ? "my_files_added_more" : "my_files_added";
      this.#given.services.announceHere(this.#translate(key, { name, count: names.length - 1 }));
    }
  };

  /** @param {Given} given @param {Keeper} keeper */
  constructor(given, keeper) {
    const { services: { translate }, parts } = given;
    this.#given = given;
    this.#translate = translate;
    this.#keeper = keeper;
    this.#adding = new AddingList(given, keeper);
    this.#failure = parts.problem("files-error");
    this.#again = html("button", { type: "button", text: translate("try_again"), hidden: true, data: { test: "files-again" }, on: { click: () => void this.#read() } });
    this.#olderButton = html("button", { type: "button", text: translate("my_files_older_use"), hidden: true, data: { test: "files-older" }, on: { click: () => this.#askOlder() } });
    this.#crumbs = html("ol", { class: "kept-path" });
    this.#more = html("button", { type: "button", text: translate("show_more"), hidden: true, data: { test: "files-more" }, on: { click: () => this.#showMore() } });
    this.#words = parts.inputField(translate("my_files_find"), {
      type: "search", autocomplete: "off", data: { test: "files-find" }, on: { input: () => { this.#shown = PAGE; this.#draw(); } },
    });
    this.#tools = html(
      "div", { class: "stack", hidden: true }, this.#createTools(), this.#words.element,
      html("nav", { "aria-label": translate("my_files_path") }, this.#crumbs),
    );
    this.element = html(
      "section", { class: "stack my-files", "aria-label": translate("my_files_title"), "aria-busy": "true", data: { test: "my-files" } },
      this.#failure, this.#tools, this.#adding.element, this.#rows, this.#note, html("div", { class: "actions" }, this.#more, this.#again, this.#olderButton), this.#used,
    );
    this.#takeDrops();
    keeper.addEventListener("added", this.#onAdded);
    void this.#read();
  }

  /** Ends the saving of files to the computer. The adding of files goes on. */
  close() {
    this.#ending.abort();
    this.#adding.close();
    this.#keeper.removeEventListener("added", this.#onAdded);
    this.element.replaceChildren();
  }

  #createTools() {
    const picker = html("input", {
      type: "file", multiple: true, class: "visually-hidden", data: { test: "files-picker" },
      on: { change: () => { this.#add([...(picker.files ?? [])]); picker.value = ""; } },
    });
    return html(
      "div", { class: "actions" },
      html("label", { class: "button primary file-button" }, picker, this.#translate("my_files_add")),
      html("button", {
        type: "button", text: this.#translate("new_folder"), data: { test: "new-folder" }, on: { click: () => this.#makeFolder() },
      }),
      html("span", { class: "note", text: this.#translate("my_files_drop") }),
    );
  }

  /** @param {{acceptOlder?: boolean}} [options] */
  async #read({ acceptOlder = false } = {}) {
    const { services } = this.#given;
    this.#failure.textContent = "";
    this.#again.hidden = this.#olderButton.hidden = true;
    this.#note.textContent = services.translate("loading");
    this.element.setAttribute("aria-busy", "true");
    try {
      await this.#keeper.index.read({ acceptOlder });
      if (this.#ending.signal.aborted) return;
      this.#tools.hidden = false;
      this.#draw();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#note.textContent = "";
      this.#failure.textContent = fileSentence(services, error);
      this.#again.hidden = false;
      this.#olderButton.hidden = /** @type {{code?: string}} */ (error).code !== OLDER;
    }
    this.element.setAttribute("aria-busy", "false");
  }

  #askOlder() {
    const { services: { translate }, parts } = this.#given;
    parts.ask({
      title: translate("my_files_older_question"), meaning: translate("my_files_older_meaning"), keep: translate("cancel"), go: translate("my_files_older_use"),
      test: "files-older-go", isDanger: true, onGo: () => void this.#read({ acceptOlder: true }),
    });
  }

  get #content() {
    return this.#keeper.index.current?.content ?? NOTHING;
  }

  #draw() {
    const words = this.#words.input.value.trim();
    // Another device may have deleted the folder.
    while (this.#folder && !this.#content.folders.includes(this.#folder)) this.#folder = parentOf(this.#folder);
    const { folders, files } = words ? { folders: [], files: findFiles(this.#content, words) } : listFolder(this.#content, this.#folder);
    const makers = [
      ...folders.map((path) => () => this.#folderRow(path)),
      ...files.map((entry) => () => this.#fileRow(entry, Boolean(words))),
    ];
    const shown = makers.slice(0, this.#shown);
    this.#rows.replaceChildren(...shown.map((make) => make()));
    this.#more.hidden = shown.length === makers.length;
    const isLong = makers.length > PAGE;
    this.#note.textContent = makers.length === 0
      ? this.#translate(words ? "my_files_nothing_found" : "my_files_empty")
      : isLong ? this.#translate("my_files_shown", { shown: shown.length, count: makers.length }) : "";
    this.#drawPath();
    const { used = 0, quota = 0 } = this.#keeper.index.current ?? {};
    this.#used.textContent = quota > 0 ? this.#translate("my_files_used", { used: size(used), quota: size(quota) }) : "";
  }

  #drawPath() {
    this.#crumbs.replaceChildren(...pathsTo(this.#folder).map((path) => {
      const text = path ? lastName(path) : this.#translate("my_files_top");
      const isHere = path === this.#folder;
      return html("li", {}, isHere
        ? html("bdi", { text, tabindex: -1, "aria-current": "page", data: { test: "files-here" } })
        : html("button", { type: "button", class: "quiet", data: { test: "files-up" }, on: { click: () => this.#open(path) } }, html("bdi", { text })));
    }));
  }

  #showMore() {
    const before = this.#shown;
    this.#shown += PAGE;
    this.#draw();
    // The button moves below the new rows, so the first new row gets the focus.
    const first = this.#rows.children[before];
    if (first) /** @type {HTMLElement | null} */ (first.querySelector("button"))?.focus();
  }

  /** @param {string} path */
  #open(path) {
    this.#folder = path;
    this.#shown = PAGE;
    this.#words.input.value = "";
    this.#draw();
    /** @type {HTMLElement | null} */ (this.#crumbs.querySelector("[aria-current]"))?.focus();
  }

  /** @param {string} path */
  #folderRow(path) {
    const [name, folder] = [lastName(path), parentOf(path)];
    return createFolderRow(this.#given, path, {
      open: () => this.#open(path),
      rename: () => askName(this.#given, {
        title: this.#translate("my_files_rename_title", { name }), label: this.#translate("my_files_new_name"),
        go: this.#translate("rename"), value: name, content: this.#content, folder,
        onName: (to) => void this.#change(moveFolder(path, pathIn(folder, to)), "my_files_renamed"),
      }),
      move: () => askFolder(this.#given, {
        title: this.#translate("my_files_move_title", { name }), content: this.#content, from: folder, moved: path,
        onFolder: (to) => void this.#change(moveFolder(path, pathIn(to, name)), "my_files_moved"),
      }),
      remove: () => {
        const shown = this.#content;
        askDelete(this.#given, { name, count: countBelow(shown, path), onGo: () => void this.#change(removeFolder(path, shown), "my_files_deleted") });
      },
    });
  }

  /** @param {KeptEntry} entry @param {boolean} withFolder */
  #fileRow(entry, withFolder) {
    const { id, name, folder } = entry;
    return createFileRow(this.#given, entry, {
      save: (row, button) => void this.#save(entry, row, button),
      rename: () => askName(this.#given, {
        title: this.#translate("my_files_rename_title", { name }), label: this.#translate("my_files_new_name"),
        go: this.#translate("rename"), value: name, content: this.#content, folder,
        onName: (to) => void this.#change(moveFile(id, { name: to }), "my_files_renamed"),
      }),
      move: () => askFolder(this.#given, {
        title: this.#translate("my_files_move_title", { name }), content: this.#content, from: folder, moved: null,
        onFolder: (to) => void this.#change(moveFile(id, { folder: to }), "my_files_moved"),
      }),
      remove: () => askDelete(this.#given, { name, count: null, onGo: () => void this.#change(removeFile(id), "my_files_deleted") }),
    }, { withFolder });
  }

  #makeFolder() {
    const folder = this.#folder;
    askName(this.#given, {
      title: this.#translate("new_folder"), label: this.#translate("my_files_folder_name"), go: this.#translate("my_files_create"),
      content: this.#content, folder,
      onName: (name) => void this.#change(addFolder(pathIn(folder, name)), "my_files_folder_made"),
    });
  }

  /** @param {Change} change @param {string} key the key of the text that a screen reader says afterwards */
  async #change(change, key) {
    const { services } = this.#given;
    this.#failure.textContent = "";
    this.element.setAttribute("aria-busy", "true");
    this.#note.textContent = services.translate("my_files_working");
    try {
      await this.#keeper.index.change(change);
      services.announceHere(services.translate(key));
    } catch (error) {
      this.#failure.textContent = fileSentence(services, error);
      if (!this.#keeper.index.current) await this.#keeper.index.read().catch(() => undefined);
    }
    if (this.#ending.signal.aborted) return;
    this.#draw();
    this.element.setAttribute("aria-busy", "false");
    // The row that had the focus is gone.
    /** @type {HTMLElement | null} */ (this.#crumbs.querySelector("[aria-current]"))?.focus();
  }

  /** @param {File[]} files */
  #add(files) {
    if (files.length > 0) this.#keeper.add(files, this.#folder);
  }

  #takeDrops() {
    const hasFiles = (/** @type {DragEvent} */ { dataTransfer }) => Boolean(dataTransfer?.types.includes("Files"));
    this.element.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.element.classList.add("dropping");
    });
    this.element.addEventListener("dragleave", () => this.element.classList.remove("dropping"));
    this.element.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.element.classList.remove("dropping");
      if (!this.#tools.hidden) this.#add([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /** @param {KeptEntry} entry @param {HTMLElement} row @param {HTMLButtonElement} button */
  async #save(entry, row, button) {
    const { services, parts } = this.#given;
    const { translate } = services;
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.#ending.signal, this.#keeper.ended]);
    row.querySelector(".kept-progress")?.remove();
    const name = safeFileName(entry.name, translate("unnamed_file"));
    const progress = new Progress(this.#given, {
      name, bytes: entry.bytes, cancelLabel: translate("cancel_named", { name }), onCancel: () => stopping.abort(),
    });
    try {
      const way = await chooseWay({ name, bytes: entry.bytes }, { byWorker: (file) => saveByWorker(file, new URL(document.baseURI), parts.saveWorkerUrl) });
      if (!way) return;
      button.hidden = true;
      row.append(progress.element);
      progress.cancel.focus();
      const total = size(entry.bytes);
      progress.said.textContent = translate("parcel_saving", { total });
      const chunks = readFile(entry, this.#keeper.parts, {
        signal, onProgress: (bytes) => { progress.bar.value = bytes; },
        onLost: (isLost) => { progress.said.textContent = translate(isLost ? "parcel_lost" : "parcel_saving", { total }); },
      });
      await way.save(chunks, signal);
      progress.end(translate(way.kind === "chosen" ? "parcel_saved" : "parcel_saved_downloads"));
    } catch (error) {
      row.append(progress.element);
      progress.end(stopping.signal.aborted ? translate("parcel_saving_cancelled") : "", signal.aborted ? "" : fileSentence(services, error));
    }
    button.hidden = false;
    if (row.contains(document.activeElement) || document.activeElement === document.body) button.focus();
  }
}
