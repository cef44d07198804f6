/** The line between two panes, which the person drags or moves by arrow keys. The browser keeps the width. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { keepText, keptText } from "../kept_choice.js";

/** The step of an arrow key, in pixels. */
const STEP = 16;

/**
 * @param {{
 *   label: string, name: "folders" | "list", least: number, most: number, usual: number,
 * }} pane the widths are in pixels
 * @returns {HTMLElement} the separator behind the pane, whose width is the custom property `--NAME-width` of the document
 */
export function createPaneWidth({ label, name, least, most, usual }) {
  const key = `sealwax-width-${name}`;
  const element = html("div", {
    class: "pane-width", role: "separator", tabindex: 0, "aria-orientation": "vertical", "aria-label": label,
    "aria-valuemin": String(least), "aria-valuemax": String(most), data: { test: `width-${name}` },
  });
  let width = usual;
  const set = (/** @type {number} */ wanted) => {
    width = Math.round(Math.min(most, Math.max(least, wanted)));
    document.documentElement.style.setProperty(`--${name}-width`, `${width}px`);
    element.setAttribute("aria-valuenow", String(width));
  };
  const keep = () => keepText(key, width === usual ? null : String(width));
  set(readWidth(keptText(key), usual));
  element.addEventListener("keydown", (event) => {
    const step = stepOf(event.key, usual - width);
    if (step === null) return;
    event.preventDefault();
    set(width + step);
    keep();
  });
  element.addEventListener("dblclick", () => { set(usual); keep(); });
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    drag(element, event, { from: width, set, keep });
  });
  return element;
}

/** @param {string | null} kept @param {number} usual */
function readWidth(kept, usual) {
  return kept !== null && /^\d{1,4}$/.test(kept) ? Number(kept) : usual;
}

/** The change of the width by a key; null if the key changes nothing. @param {string} key @param {number} toUsual */
function stepOf(key, toUsual) {
  if (key === "Home") return toUsual;
  if (key === "ArrowRight") return STEP * direction();
  if (key === "ArrowLeft") return -STEP * direction();
  return null;
}

/**
 * @param {HTMLElement} element @param {PointerEvent} begin
 * @param {{from: number, set: (width: number) => void, keep: () => void}} width
 */
function drag(element, begin, { from, set, keep }) {
  const ended = new AbortController();
  const { signal } = ended;
  element.setPointerCapture(begin.pointerId);
  element.addEventListener("pointermove", (event) => set(from + (event.clientX - begin.clientX) * direction()), { signal });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, () => {
      ended.abort();
      keep();
    }, { signal });
  }
}

/** 1 if the text runs from left to right, else -1. */
function direction() {
  return document.documentElement.dir === "rtl" ? -1 : 1;
}
