/**
 * Swipes over the rows of a list by touch: to the left deletes, to the right archives. A long press selects a row. A
 * vertical scroll does none of these, and the edges of the screen are left to the system's gestures.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { actIcon } from "../app/act_icons.js";

/** @typedef {"archive" | "delete"} SwipedAct */
/** @typedef {{row: HTMLElement, id: number, x: number, y: number, dx: number, isSwiping: boolean}} Touch */

const EDGE_PIXELS = 24;
const BEGIN_PIXELS = 12;
/** A swipe over at least this share of the row's width does the act. */
const FAR = 0.35;
const LONG_PRESS_MILLISECONDS = 500;

/**
 * @typedef {{
 *   word: (act: SwipedAct) => string, mayAct: (act: SwipedAct) => boolean, onSwipe: (uid: number, act: SwipedAct) => void,
 *   onLongPress: (uid: number) => void,
 * }} SwipeOptions
 */

/** @param {HTMLElement} list @param {SwipeOptions} options */
export function watchSwipes(list, options) {
  const swipes = new Swipes(list, options);
  list.addEventListener("pointerdown", (event) => swipes.begin(event));
  list.addEventListener("pointermove", (event) => swipes.move(event));
  list.addEventListener("pointerup", (event) => swipes.release(event));
  // The browser cancels the pointer when it scrolls.
  list.addEventListener("pointercancel", () => swipes.end());
  list.addEventListener("contextmenu", (event) => { if (swipes.dropsClick) event.preventDefault(); });
  list.addEventListener("click", (event) => swipes.click(event), true);
}

/** The touch of a list, from its beginning to the click that follows it. */
class Swipes {
  /** Whether the click that follows a gesture is dropped. */
  dropsClick = false;
  #list;
  #options;
  /** @type {Touch | null} */
  #touch = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pressing;

  /** @param {HTMLElement} list @param {SwipeOptions} options */
  constructor(list, options) {
    this.#list = list;
    this.#options = options;
  }

  /** @param {PointerEvent} event */
  begin(event) {
    this.end();
    this.dropsClick = false;
    const row = event.target instanceof Element ? event.target.closest("li") : null;
    if (event.pointerType !== "touch" || !event.isPrimary || !row?.querySelector("a")) return;
    if (event.clientX < EDGE_PIXELS || event.clientX > innerWidth - EDGE_PIXELS) return;
    this.#touch = { row, id: event.pointerId, x: event.clientX, y: event.clientY, dx: 0, isSwiping: false };
    this.#pressing = setTimeout(() => {
      this.end();
      this.dropsClick = true;
      this.#options.onLongPress(uidOf(row));
    }, LONG_PRESS_MILLISECONDS);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const touch = this.#touch;
    if (!touch || event.pointerId !== touch.id) return;
    const [dx, dy] = [event.clientX - touch.x, event.clientY - touch.y];
    if (Math.hypot(dx, dy) > BEGIN_PIXELS) clearTimeout(this.#pressing);
    if (!touch.isSwiping) {
      if (Math.abs(dy) > BEGIN_PIXELS) return this.end();
      if (Math.abs(dx) < BEGIN_PIXELS || Math.abs(dx) < 1.5 * Math.abs(dy)) return;
      touch.isSwiping = true;
      this.#list.setPointerCapture(touch.id);
    }
    touch.dx = dx;
    show(touch, this.#options.word, this.#options.mayAct);
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.#touch || event.pointerId !== this.#touch.id) return;
    const { row, dx, isSwiping } = this.#touch;
    this.end();
    if (!isSwiping) return;
    this.dropsClick = true;
    const act = actOf(dx);
    if (Math.abs(dx) > FAR * row.offsetWidth && this.#options.mayAct(act)) this.#options.onSwipe(uidOf(row), act);
  }

  /** @param {MouseEvent} event */
  click(event) {
    if (!this.dropsClick) return;
    this.dropsClick = false;
    event.preventDefault();
    event.stopPropagation();
  }

  end() {
    clearTimeout(this.#pressing);
    if (this.#touch) settle(this.#touch.row);
    this.#touch = null;
  }
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
  under.dataset.far = String(Math.abs(dx) > FAR * row.offsetWidth && mayAct(act));
  row.classList.add("swiping");
  // If the act is not possible, the row moves only a little.
  row.style.setProperty("--swipe", `${Math.round(mayAct(act) ? dx : dx / 4)}px`);
}

/** @param {HTMLElement} row */
function settle(row) {
  row.classList.remove("swiping");
  row.style.removeProperty("--swipe");
  row.querySelector(".swipe-under")?.remove();
}
