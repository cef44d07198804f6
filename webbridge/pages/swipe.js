/**
 * Swipes over the rows of a list by touch: to the left deletes, to the right archives. A long press selects a row. A vertical
 * scroll is none of these, and the edges of the screen belong to the system's own gestures.
 */

import { html } from "../../wasm_build/ui/dom.js";
import { actIcon } from "./act_icons.js";

/** @typedef {"archive" | "delete"} SwipedAct */
/** @typedef {{row: HTMLElement, id: number, x: number, y: number, dx: number, isSwiping: boolean}} Touch */

const EDGE_PIXELS = 24;
const BEGIN_PIXELS = 12;
/** The share of the row's width after which the act is done. */
const FAR = 0.35;
const LONG_PRESS_MILLISECONDS = 500;

/**
 * @param {HTMLElement} list
 * @param {{
 *   word: (act: SwipedAct) => string, mayAct: (act: SwipedAct) => boolean, onSwipe: (uid: number, act: SwipedAct) => void,
 *   onLongPress: (uid: number) => void,
 * }} options
 */
export function watchSwipes(list, { word, mayAct, onSwipe, onLongPress }) {
  /** @type {Touch | null} */
  let touch = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pressing;
  /** Whether the click that follows a gesture is dropped. */
  let dropsClick = false;

  const end = () => {
    clearTimeout(pressing);
    if (touch) settle(touch.row);
    touch = null;
  };

  list.addEventListener("pointerdown", (event) => {
    end();
    dropsClick = false;
    const row = event.target instanceof Element ? event.target.closest("li") : null;
    if (event.pointerType !== "touch" || !event.isPrimary || !row?.querySelector("a")) return;
    if (event.clientX < EDGE_PIXELS || event.clientX > innerWidth - EDGE_PIXELS) return;
    touch = { row, id: event.pointerId, x: event.clientX, y: event.clientY, dx: 0, isSwiping: false };
    pressing = setTimeout(() => {
      end();
      dropsClick = true;
      onLongPress(uidOf(row));
    }, LONG_PRESS_MILLISECONDS);
  });

  list.addEventListener("pointermove", (event) => {
    if (!touch || event.pointerId !== touch.id) return;
    const [dx, dy] = [event.clientX - touch.x, event.clientY - touch.y];
    if (Math.hypot(dx, dy) > BEGIN_PIXELS) clearTimeout(pressing);
    if (!touch.isSwiping) {
      if (Math.abs(dy) > BEGIN_PIXELS) return end();
      if (Math.abs(dx) < BEGIN_PIXELS || Math.abs(dx) < 1.5 * Math.abs(dy)) return;
      touch.isSwiping = true;
      list.setPointerCapture(touch.id);
    }
    touch.dx = dx;
    show(touch, word, mayAct);
  });

  list.addEventListener("pointerup", (event) => {
    if (!touch || event.pointerId !== touch.id) return;
    const { row, dx, isSwiping } = touch;
    end();
    if (!isSwiping) return;
    dropsClick = true;
    const act = actOf(dx);
    if (Math.abs(dx) > FAR * row.offsetWidth && mayAct(act)) onSwipe(uidOf(row), act);
  });
  // The browser cancels the pointer when it scrolls.
  list.addEventListener("pointercancel", end);
  list.addEventListener("contextmenu", (event) => { if (dropsClick) event.preventDefault(); });
  list.addEventListener("click", (event) => {
    if (!dropsClick) return;
    dropsClick = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}

/** @param {number} dx @returns {SwipedAct} */
function actOf(dx) {
  return dx < 0 ? "delete" : "archive";
}

/** @param {HTMLElement} row */
function uidOf(row) {
  return Number(row.querySelector("a")?.dataset.uid);
}

/**
 * @param {Touch} touch
 * @param {(act: SwipedAct) => string} word
 * @param {(act: SwipedAct) => boolean} mayAct
 */
function show({ row, dx }, word, mayAct) {
  const act = actOf(dx);
  let under = /** @type {HTMLElement | null} */ (row.querySelector(".swipe-under"));
  if (under?.dataset.act !== act) {
    under?.remove();
    under = html("span", { class: "swipe-under", "aria-hidden": "true", data: { act } }, actIcon(act), word(act));
    row.append(under);
  }
  const isFar = Math.abs(dx) > FAR * row.offsetWidth && mayAct(act);
  under.dataset.far = String(isFar);
  row.classList.add("swiping");
  // A row whose act is not possible only gives a little.
  row.style.setProperty("--swipe", `${Math.round(mayAct(act) ? dx : dx / 4)}px`);
}

/** @param {HTMLElement} row */
function settle(row) {
  row.classList.remove("swiping");
  row.style.removeProperty("--swipe");
  row.querySelector(".swipe-under")?.remove();
}
