/** The files that are being added, each with its progress. */

import { html } from "../../../wasm_build/ui/dom.js";
import { size } from "../../../wasm_build/ui/formats.js";
import { fileSentence } from "./file_errors.js";
import { Progress } from "./progress.js";

/** @typedef {import("./keeper.js").Adding} Adding */
/** @typedef {import("./keeper.js").Keeper} Keeper */

/** The number of files that are shown. Further files are only counted, because a person may choose thousands. */
const MAX_SHOWN = 20;

export class AddingList {
  element;
  #given;
  #keeper;
  #list = html("ul", { class: "attachment-rows" });
  #more = html("p", { class: "note" });
  /** @type {Map<Adding, AddingRow>} */
  #rows = new Map();
  #draw = () => this.draw();

  /** @param {import("./my_files.js").Given} given @param {Keeper} keeper */
  constructor(given, keeper) {
    const { services: { translate }, parts } = given;
    const titleId = parts.uniqueId("adding");
    this.#given = given;
    this.#keeper = keeper;
    this.element = html(
      "section", { class: "attachments", "aria-labelledby": titleId, hidden: true, data: { test: "files-adding" } },
      html("h2", { id: titleId, text: translate("my_files_adding") }), this.#list, this.#more,
    );
    keeper.addEventListener("adding", this.#draw);
    this.draw();
  }

  close() {
    this.#keeper.removeEventListener("adding", this.#draw);
  }

  draw() {
    const { adding } = this.#keeper;
    const shown = adding.slice(0, MAX_SHOWN);
    for (const addition of this.#rows.keys()) {
      if (shown.includes(addition)) continue;
      this.#rows.get(addition)?.element.remove();
      this.#rows.delete(addition);
    }
    for (const addition of shown) {
      const row = this.#rows.get(addition) ?? new AddingRow(this.#given, this.#keeper, addition);
      if (!this.#rows.has(addition)) this.#list.append(row.element);
      this.#rows.set(addition, row);
      row.draw();
    }
    const others = adding.length - shown.length;
    this.#more.textContent = others > 0 ? this.#given.services.translate("my_files_more_waiting", { count: others }) : "";
    this.element.hidden = adding.length === 0;
  }
}

class AddingRow {
  #given;
  #adding;
  #progress;
  #again;

  /** @param {import("./my_files.js").Given} given @param {Keeper} keeper @param {Adding} adding */
  constructor(given, keeper, adding) {
    const { translate } = given.services;
    const { name, file } = adding;
    this.#given = given;
    this.#adding = adding;
    this.#progress = new Progress(given, {
      name, bytes: file.size, cancelLabel: translate("my_files_cancel_named", { name }), onCancel: () => keeper.cancel(adding),
    });
    this.#again = html("button", {
      type: "button", text: translate("try_again"), "aria-label": translate("my_files_again_named", { name }), hidden: true,
      data: { test: "file-again" }, on: { click: () => keeper.retry(adding) },
    });
    this.element = html(
      "li", { class: "attachment kept-file", data: { test: "file-adding" } },
      html(
        "span", { class: "attachment-words" }, html("bdi", { class: "attachment-name", text: name }),
        html("span", { class: "attachment-facts", text: size(file.size) }),
      ),
      this.#again, this.#progress.element,
    );
  }

  draw() {
    const { services } = this.#given;
    const { state, done, error, file } = this.#adding;
    const { bar, said: status, failure, cancel } = this.#progress;
    bar.value = done;
    bar.hidden = state === "failed";
    this.#again.hidden = state !== "failed";
    const text = state === "failed" ? "" : services.translate(`my_files_${state}`, { total: size(file.size) });
    // A screen reader would read the same text again.
    if (status.textContent !== text) status.textContent = text;
    failure.textContent = state === "failed" ? fileSentence(services, error) : "";
    cancel.hidden = state === "listing";
  }
}
