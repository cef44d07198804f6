/** The rows that a person has selected in a list, with their check boxes, or as a range with Shift. */

import { html } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Translate} Translate */

export class RowSelection {
  #translate;
  #list;
  /** @type {Set<number>} */
  #chosen = new Set();
  /** The row at which a range begins. @type {number | null} */
  #anchor = null;

  /**
   * @param {Translate} translate
   * @param {{order: () => number[], row: (uid: number) => HTMLElement | null, onChange: () => void}} list
   */
  constructor(translate, list) {
    this.#translate = translate;
    this.#list = list;
  }

  /** The selected UIDs, in the order of the list. */
  get uids() {
    return this.#chosen.size === 0 ? [] : this.#list.order().filter((uid) => this.#chosen.has(uid));
  }

  get size() {
    return this.#chosen.size;
  }

  /**
   * Adds the check box to a row.
   * @param {HTMLElement} row
   * @param {number} uid
   * @param {string} name whose message it is, for screen readers
   */
  attach(row, uid, name) {
    const box = html("input", {
      type: "checkbox", "aria-label": this.#translate("select_message", { name }), data: { test: "row-select" },
      on: { click: (/** @type {MouseEvent} */ event) => (event.shiftKey ? this.extend(uid) : this.set(uid, box.checked)) },
    });
    row.prepend(html("label", { class: "row-select" }, box));
    this.#show(row, uid);
  }

  /** Names the message of a row anew for screen readers. @param {HTMLElement} row @param {string} name */
  rename(row, name) {
    row.querySelector(".row-select input")?.setAttribute("aria-label", this.#translate("select_message", { name }));
  }

  /** @param {number} uid @param {boolean} isChosen */
  set(uid, isChosen) {
    if (isChosen) this.#chosen.add(uid);
    else this.#chosen.delete(uid);
    this.#anchor = uid;
    this.#changed([uid]);
  }

  /** @param {number} uid */
  toggle(uid) {
    this.set(uid, !this.#chosen.has(uid));
  }

  /** Selects all rows from the row that was selected last to this row. @param {number} uid */
  extend(uid) {
    const order = this.#list.order();
    const [from, to] = [order.indexOf(this.#anchor ?? uid), order.indexOf(uid)];
    const range = from < 0 ? [uid] : order.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const rangeUid of range) this.#chosen.add(rangeUid);
    this.#anchor ??= uid;
    this.#changed(range);
  }

  /** Begins a range at this row, unless one has begun. @param {number} uid */
  begin(uid) {
    if (this.#chosen.size > 0 && this.#anchor !== null) return;
    this.#anchor = uid;
    this.#chosen.add(uid);
    this.#changed([uid]);
  }

  all() {
    const order = this.#list.order();
    this.#chosen = new Set(order);
    this.#changed(order);
  }

  /** Selects rows that have come back, besides the selected ones. @param {number[]} uids */
  restore(uids) {
    for (const uid of uids) this.#chosen.add(uid);
    if (uids.length > 0) this.#changed(uids);
  }

  clear() {
    const before = [...this.#chosen];
    this.#chosen.clear();
    this.#anchor = null;
    if (before.length > 0) this.#changed(before);
  }

  /** Forgets the messages that are not in the list any more. */
  prune() {
    if (this.#chosen.size === 0) return;
    const order = new Set(this.#list.order());
    const gone = [...this.#chosen].filter((uid) => !order.has(uid));
    for (const uid of gone) this.#chosen.delete(uid);
    if (this.#anchor !== null && !order.has(this.#anchor)) this.#anchor = null;
    if (gone.length > 0) this.#list.onChange();
  }

  /** @param {number[]} uids */
  #changed(uids) {
    for (const uid of uids) {
      const row = this.#list.row(uid);
      if (row) this.#show(row, uid);
    }
    this.#list.onChange();
  }

  /** @param {HTMLElement} row @param {number} uid */
  #show(row, uid) {
    const isChosen = this.#chosen.has(uid);
    row.classList.toggle("row-chosen", isChosen);
    const box = row.querySelector("input");
    if (box) box.checked = isChosen;
  }
}
