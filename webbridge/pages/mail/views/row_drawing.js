/**
 * The drawing of the rows of a list, with a heading for each day. Unchanged rows stay in the page, with the focus and under
 * the pointer. The rows are in lists of about fifty, and the browser lays out only the lists that are in view.
 */

import { html } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {{key: string, title: string} | null} Day */

/** The number of rows after which a list gets no more rows at its end. */
const LIST_ROWS = 50;

export class RowDrawing {
  #list;
  /** The key of the last heading. @type {string | null} */
  #day = null;
  #createRow;
  #dayOf;
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  /** @type {Map<string, HTMLElement>} */
  #headings = new Map();

  /**
   * @param {HTMLElement} list holds the lists of rows
   * @param {{createRow: (message: ListedMessage) => HTMLElement, dayOf: (message: ListedMessage, before: string | null) => Day}} options
   *   `dayOf` gets a message and the key of the heading before it, and returns the heading above the message, or null for none
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

  /** The link in the first row. @returns {HTMLElement | null} */
  get firstLink() {
    const [first] = this.#rows.values();
    return first?.querySelector("a") ?? null;
  }

  /** Draws all rows anew. @param {ListedMessage[]} messages */
  draw(messages) {
    this.#rows.clear();
    this.#headings.clear();
    this.#list.replaceChildren();
    this.arrange(messages);
  }

  /**
   * Draws the rows that are new or have changed, and removes the rows of messages that are gone.
   * @param {ListedMessage[]} messages
   * @param {Set<number>} changed the UIDs whose rows are drawn anew
   */
  arrange(messages, changed = new Set()) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const before = [...this.#list.querySelectorAll("li")];
    this.#day = null;
    const [known, headings] = [this.#rows, this.#headings];
    this.#rows = new Map();
    this.#headings = new Map();
    const rows = this.#wantedRows(messages, (uid) => (changed.has(uid) ? undefined : known.get(uid)), headings);
    const drawnRows = new Set(rows);
    for (const row of before) if (!drawnRows.has(row)) row.remove();
    this.#place(rows);
    for (const list of [...this.#list.children]) if (list.childElementCount === 0) list.remove();
    if (focused && !focused.isConnected) this.#passFocus(/** @type {HTMLElement} */ (focused), before);
  }

  /** Draws rows below the other rows, which are not compared. @param {ListedMessage[]} messages */
  append(messages) {
    for (const row of this.#wantedRows(messages)) {
      const last = this.#list.lastElementChild;
      (last && last.childElementCount < LIST_ROWS ? last : this.#addList(null)).append(row);
    }
  }

  /**
   * @param {ListedMessage[]} messages
   * @param {(uid: number) => HTMLElement | undefined} [find] gives the row that is drawn already
   * @param {Map<string, HTMLElement>} [headings] the headings that are drawn already
   */
  #wantedRows(messages, find = () => undefined, headings = new Map()) {
    const rows = [];
    for (const message of messages) {
      const next = this.#dayOf(message, this.#day);
      if (next && next.key !== this.#day && !this.#headings.has(next.key)) {
        const heading = headings.get(next.key) ?? createHeading(next.title);
        this.#headings.set(next.key, heading);
        rows.push(heading);
        this.#day = next.key;
      }
      const row = find(message.uid) ?? this.#createRow(message);
      this.#rows.set(message.uid, row);
      rows.push(row);
    }
    return rows;
  }

  /**
   * Puts rows into their lists. Rows are only inserted and removed, because a moved row loses the focus. A row that is
   * drawn already stays in its list, and a new row joins the list of the row before it.
   * @param {HTMLElement[]} rows
   */
  #place(rows) {
    let list = this.#list.firstElementChild;
    let place = list?.firstElementChild ?? null;
    for (const row of rows) {
      const own = row.parentElement;
      const isLater = own !== null && list !== null && (list.compareDocumentPosition(own) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
      const isFull = own === null && place === null && list !== null && list.childElementCount >= LIST_ROWS;
      if (list === null || isFull || isLater) {
        list = isLater && own ? own : this.#addList(list);
        place = list.firstElementChild;
      }
      if (row === place) place = place.nextElementSibling;
      else list.insertBefore(row, place);
    }
  }

  /** Adds a list after another, or at the end. @param {Element | null} before */
  #addList(before) {
    const list = html("ul", { class: "rows" });
    if (before) before.after(list);
    else this.#list.append(list);
    return list;
  }

  /**
   * Moves the focus from a row that is gone to the row of the same message, or to the next row.
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
