/**
 * The drawing of the rows of a list, with a heading for each day. Rows that stay the same stay in the page, with the focus
 * and under the pointer. Thousands of rows are drawn without a search through the document.
 */

import { html } from "../../../wasm_build/ui/dom.js";

/** @typedef {import("../api.js").MessageSummary} MessageSummary */
/** @typedef {MessageSummary & {thread?: number[], isInner?: boolean}} ListedMessage */
/** @typedef {{key: string, title: string} | null} Day */

export class RowDrawing {
  #list;
  #createRow;
  #dayOf;
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  /** @type {Map<string, HTMLElement>} */
  #headings = new Map();

  /**
   * @param {HTMLElement} list
   * @param {{createRow: (message: ListedMessage) => HTMLElement, dayOf: (message: ListedMessage, before: string | null) => Day}} options
   *   `dayOf` gives the heading above a message, or null for none, and gets the key of the heading before it
   */
  constructor(list, { createRow, dayOf }) {
    this.#list = list;
    this.#createRow = createRow;
    this.#dayOf = dayOf;
  }

  /** The row of a message. @param {number} uid */
  row(uid) {
    return this.#rows.get(uid) ?? null;
  }

  /** The link in the row of a message. @param {number} uid @returns {HTMLElement | null} */
  link(uid) {
    return this.#rows.get(uid)?.querySelector("a") ?? null;
  }

  get links() {
    return [...this.#rows.values()].map((row) => /** @type {HTMLAnchorElement} */ (row.querySelector("a")));
  }

  /** Draws all rows anew. @param {ListedMessage[]} messages */
  draw(messages) {
    this.#rows.clear();
    this.#headings.clear();
    this.#list.replaceChildren();
    this.arrange(messages);
  }

  /**
   * Draws the rows that are new or have changed, and removes those of messages that are gone.
   * @param {ListedMessage[]} messages
   * @param {Set<number>} changed the UIDs whose rows are drawn anew
   */
  arrange(messages, changed = new Set()) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const old = focused ? [...this.#list.children] : [];
    const wanted = this.#wantedRows(messages, changed);
    const kept = new Set(wanted);
    for (const child of [...this.#list.children]) if (!kept.has(/** @type {HTMLElement} */ (child))) child.remove();
    // Rows are only inserted and removed, because a row that is moved loses the focus.
    let place = this.#list.firstElementChild;
    for (const element of wanted) {
      if (element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(element, place);
    }
    if (focused && !focused.isConnected) this.#passFocus(/** @type {HTMLElement} */ (focused), old);
  }

  /** @param {ListedMessage[]} messages @param {Set<number>} changed */
  #wantedRows(messages, changed) {
    const rows = new Map();
    const headings = new Map();
    const wanted = [];
    let day = null;
    for (const message of messages) {
      const next = this.#dayOf(message, day);
      if (next && next.key !== day && !headings.has(next.key)) {
        const heading = this.#headings.get(next.key) ?? createHeading(next.title);
        headings.set(next.key, heading);
        wanted.push(heading);
        day = next.key;
      }
      const row = (!changed.has(message.uid) && this.#rows.get(message.uid)) || this.#createRow(message);
      rows.set(message.uid, row);
      wanted.push(row);
    }
    this.#rows = rows;
    this.#headings = headings;
    return wanted;
  }

  /**
   * Gives the focus of a row that is gone to the row of the same message, or to the next one.
   * @param {HTMLElement} focused
   * @param {Element[]} old
   */
  #passFocus(focused, old) {
    const gone = focused.closest("li");
    const tag = focused.localName;
    const uid = Number(gone?.querySelector("a")?.dataset.uid);
    const at = gone ? old.indexOf(gone) : -1;
    const neighbours = [...old.slice(at + 1), ...old.slice(0, Math.max(at, 0)).reverse()];
    const next = this.#rows.get(uid) ?? neighbours.find((row) => row.isConnected && row.querySelector("a"));
    /** @type {HTMLElement | null | undefined} */ (next?.querySelector(tag) ?? next?.querySelector("a"))?.focus({ preventScroll: true });
  }
}

/** @param {string} title */
function createHeading(title) {
  return html("li", { class: "day" }, html("h2", { class: "day-title", text: title }));
}
