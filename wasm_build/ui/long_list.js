/** Lists of any length. The first rows are drawn at once, and further rows on each press of a button, in slices. */

import { html } from "./dom.js";
import { Slices } from "./slices.js";

/** The number of rows that are drawn at first. A list without more rows is drawn whole. */
const FIRST_ROWS = 30;
const ROWS_OF_A_PRESS = 500;
const ROWS_OF_A_FRAME = 20;

/**
 * Appends the first rows to a list. Returns the list, and the button for the next rows if there are any.
 * @template T
 * @param {HTMLElement} list
 * @param {readonly T[]} items
 * @param {(item: T, index: number) => HTMLElement} createRow
 * @param {{more: (left: number) => string, first?: number, rowsOfFrame?: number}} options `more` gives the words on the button
 * @returns {HTMLElement[]}
 */
export function createLongList(list, items, createRow, { more, first = FIRST_ROWS, rowsOfFrame = ROWS_OF_A_FRAME }) {
  let drawn = Math.min(first, items.length);
  list.append(...items.slice(0, drawn).map(createRow));
  if (drawn === items.length) return [list];
  const button = html("button", {
    type: "button", class: "quiet more-rows", text: more(items.length - drawn), data: { test: "more-rows" },
    on: { click: () => void drawNext() },
  });
  const drawNext = async () => {
    button.disabled = true;
    const slices = new Slices();
    const end = Math.min(drawn + ROWS_OF_A_PRESS, items.length);
    const begin = drawn;
    // A list that was removed meanwhile gets no further rows.
    while (drawn < end && list.isConnected) {
      const part = items.slice(drawn, Math.min(drawn + rowsOfFrame, end));
      const rows = part.map((item, index) => createRow(item, drawn + index));
      list.append(...rows);
      if (drawn === begin) focusOn(rows[0]);
      drawn += part.length;
      await slices.drawn();
    }
    button.disabled = false;
    button.textContent = more(items.length - drawn);
    if (drawn === items.length) button.remove();
  };
  return [list, button];
}

/** @param {HTMLElement} row */
function focusOn(row) {
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
}
