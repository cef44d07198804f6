/** The rows of a list of messages. They are drawn from the list, and changed in place when more is learnt about a message. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { isSameMessage } from "../../app/routes.js";
import { updateRow } from "../../trust/views/learnt_marks.js";
import { createDays } from "../days.js";
import { setFlags } from "../listed_messages.js";
import { rowTexts } from "../row_texts.js";
import { createRow } from "./message_row.js";
import { RowDrawing } from "./row_drawing.js";
import { createFlagMarks, createThreadButton } from "./row_parts.js";
import { RowSelection } from "./row_selection.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("../../trust/learnt_rows.js").OpenedRow} OpenedRow */

export class MessageRows {
  #translate;
  #list;
  #onUnfold;
  #drawing;
  /** @type {MessageAddress | null} */
  #current = null;
  element = html("div", { class: "row-lists", data: { test: "messages" } });

  /**
   * @param {Catalogue} translate
   * @param {{
   *   messages: import("../shown_messages.js").ShownMessages, openedRows: import("./opened_rows.js").OpenedRows,
   *   subjects: import("./row_subjects.js").RowSubjects,
   * }} list
   * @param {{onSelect: () => void, onUnfold: (message: ListedMessage) => Promise<void>}} options
   */
  constructor(translate, list, { onSelect, onUnfold }) {
    this.#translate = translate;
    this.#list = list;
    this.#onUnfold = onUnfold;
    const dayOf = createDays(translate);
    this.#drawing = new RowDrawing(this.element, {
      createRow: (message) => this.#createRow(message),
      dayOf: (message, before) => (message.isInner || list.openedRows.isOnOtherDay(message) ? null : dayOf(message, before)),
    });
    this.selection = new RowSelection(translate, {
      order: () => list.messages.all.map(({ uid }) => uid),
      row: (uid) => this.#drawing.row(uid),
      onChange: () => {
        this.element.classList.toggle("selecting", this.selection.size > 0);
        onSelect();
      },
    });
  }

  /** The address of the open message; null if none is open. */
  get current() {
    return this.#current;
  }

  /** Whether the rows are being loaded. */
  get areBusy() {
    return this.element.getAttribute("aria-busy") === "true";
  }

  /** @param {boolean} areBusy */
  setBusy(areBusy) {
    this.element.setAttribute("aria-busy", String(areBusy));
  }

  /** The link in the row of a message. @param {number} uid */
  link(uid) {
    return this.#drawing.link(uid);
  }

  /** The link in the first row. */
  get firstLink() {
    return this.#drawing.firstLink;
  }

  /** Draws all rows anew. */
  draw() {
    this.#drawing.draw(this.#list.messages.all);
    this.selection.prune();
  }

  /**
   * Shows the rows after a change.
   * @param {ListedMessage[]} [changed] messages whose rows are drawn anew
   */
  arrange(changed = []) {
    this.#drawing.arrange(this.#list.messages.all, new Set(changed.map(({ uid }) => uid)));
    this.selection.prune();
    void this.#list.subjects.read();
  }

  /** Draws rows below the drawn rows. @param {ListedMessage[]} messages */
  append(messages) {
    this.#drawing.append(messages);
  }

  /** Changes all rows after more was learnt from opened messages. */
  updateAll() {
    for (const message of this.#list.messages.all) this.update(message);
    // The headings depend on the opened messages.
    this.#drawing.arrange(this.#list.messages.all);
  }

  /** Changes the row of a message that was opened. @param {ListedMessage} message */
  updateOpened(message) {
    this.update(message);
    if (this.#list.openedRows.isOnOtherDay(message)) this.#drawing.arrange(this.#list.messages.all);
  }

  /**
   * Changes the parts of a row. The row itself stays, because a press on a row that is drawn anew before the release opens
   * nothing.
   * @param {ListedMessage} message
   */
  update(message) {
    const row = this.#drawing.row(message.uid);
    if (!row) return;
    const openedRow = this.#list.openedRows.find(message);
    const texts = this.#textsOf(message, openedRow);
    updateRow(this.#translate, row, { message, openedRow, texts });
    this.selection.rename(row, texts.who);
  }

  /** Marks the row of the open message. @param {MessageAddress | null} address */
  setCurrent(address) {
    const before = this.#current;
    this.#current = address;
    if (before) this.link(before.uid)?.removeAttribute("aria-current");
    if (!address || !isSameMessage(address, this.#list.messages.addressOf(address))) return;
    this.link(address.uid)?.setAttribute("aria-current", "true");
  }

  /**
   * Marks a message as seen. Returns true if it was new.
   * @param {MessageAddress} address
   */
  markSeen(address) {
    const message = this.#list.messages.find(address);
    if (!message || message.seen) return false;
    setFlags(message, [...(message.flags ?? []), "\\Seen"]);
    const link = this.link(message.uid);
    link?.classList.remove("row-unseen");
    link?.querySelector(".row-state")?.remove();
    return true;
  }

  /** @param {ListedMessage} message @param {OpenedRow | null} openedRow */
  #textsOf(message, openedRow) {
    const { isOutgoing } = this.#list.messages;
    return rowTexts(this.#translate, message, { isOutgoing, openedRow, subject: this.#list.subjects.of(message, openedRow) });
  }

  /** @param {ListedMessage} message */
  #createRow(message) {
    const address = this.#list.messages.addressOf(message);
    const isCurrent = isSameMessage(address, this.#current);
    const openedRow = this.#list.openedRows.find(message);
    const texts = this.#textsOf(message, openedRow);
    const row = createRow(this.#translate, message, { address, isCurrent, texts, openedRow });
    row.firstElementChild?.append(...createFlagMarks(this.#translate, message));
    this.selection.attach(row, message.uid, texts.who);
    if (message.isInner) row.classList.add("row-inner");
    if (message.thread && message.thread.length > 1) {
      const isOpen = this.#list.messages.unfoldedOf(message).length > 0;
      row.append(createThreadButton(this.#translate, message.thread.length, isOpen, () => this.#onUnfold(message)));
    }
    return row;
  }
}
