/** The notes beside the rows of a list, which say that the list is empty, what has failed, and that there are more messages. */

import { html, problem, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { watchEnd } from "./row_parts.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Translate} Translate */

export class ListNotes {
  #translate;
  #failure = problem("list-error");
  #leftOut = html("p", { class: "note list-note", role: "status", hidden: true, data: { test: "rows-left-out" } });
  #empty;
  #older;
  above = [this.#failure, this.#leftOut];

  /**
   * @param {Translate} translate
   * @param {{onOlder: () => Promise<void>, onEnd: () => Promise<boolean>}} options the button for older messages calls
   *   `onOlder`; `onEnd` is called near the end of the list, and resolves with true if more rows came
   */
  constructor(translate, { onOlder, onEnd }) {
    this.#translate = translate;
    this.#empty = html("p", { class: "empty", text: translate("folder_empty"), hidden: true });
    this.#older = html("button", {
      type: "button", text: translate("older"), hidden: true, data: { test: "older" },
      on: { click: () => whileBusy(this.#older, translate("loading"), onOlder) },
    });
    this.below = [this.#empty, html("div", { class: "actions list-foot" }, this.#older), watchEnd(onEnd)];
  }

  /** Whether the notes say that something has failed. */
  get hasFailed() {
    return this.#failure.textContent !== "";
  }

  /** Whether the notes say that the list has further messages. */
  get hasMore() {
    return !this.#older.hidden;
  }

  /** Begins with another list, of which nothing is known. @param {{isSearch: boolean}} list */
  begin({ isSearch }) {
    this.#empty.textContent = this.#translate(isSearch ? "nothing_found" : "folder_empty");
    this.#leftOut.hidden = true;
    this.#older.hidden = true;
  }

  /** Shows what has failed; an empty sentence removes the note. @param {string} sentence */
  showFailure(sentence) {
    this.#failure.textContent = sentence;
  }

  /** @param {boolean} isEmpty */
  showEmpty(isEmpty) {
    this.#empty.hidden = !isEmpty;
  }

  /** Offers the older messages. @param {boolean} hasMore */
  showMore(hasMore) {
    this.#older.hidden = !hasMore;
  }

  /** Says how many rows cannot be read. @param {number} count */
  showLeftOut(count) {
    this.#leftOut.hidden = count === 0;
    this.#leftOut.textContent = count === 0 ? "" : this.#translate("rows_left_out", { count });
  }
}
