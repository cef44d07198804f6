/**
 * Lets the person point at an element of the page. A frame around the element under the pointer, or around the focused
 * one, shows what a click or Enter chooses. The page gets none of these clicks and keys.
 */
import { closest, findBelow } from "../dom_tree.js";
import { api, fieldsPart } from "../world.js";

/** The elements that can be chosen, and what happens then. @typedef {{hint: string, selector: string, choose: (element: HTMLElement) => void}} Choice */

const BAR_STYLE = "all:initial;position:fixed;inset-inline:0;z-index:2147483647;display:flex;flex-wrap:wrap;gap:4px 16px;"
  + "align-items:center;justify-content:center;padding:8px 16px;background:#fff;color:#1d1b19;border-block:3px solid #8c1c2b;"
  + "font:550 16px/1.5 system-ui,sans-serif";
const STOP_STYLE = "all:revert;min-height:44px;min-width:44px;padding:8px 16px;border:1px solid #75706a;border-radius:6px;background:#fff;"
  + "color:#8c1c2b;cursor:pointer;font:550 16px/1.5 system-ui,sans-serif";
const FRAME_STYLE = "all:initial;position:fixed;z-index:2147483646;pointer-events:none;border:3px solid #8c1c2b;border-radius:6px;"
  + "box-shadow:0 0 0 2px #fff;box-sizing:border-box;display:none";
const MARGIN = 4;
/** The events of a press that the page must not get. */
const PRESSES = ["pointerdown", "mousedown", "pointerup", "mouseup", "auxclick", "dblclick", "touchstart", "touchend", "contextmenu"];

/** The pointing that goes on. @type {{end: AbortController, box: HTMLElement} | null} */
let picking = null;

/** Begins to point, in the place of an earlier pointing. @param {Choice} choice */
export function startPicking({ hint, selector, choose }) {
  stopPicking();
  const end = new AbortController();
  const { box, outline, bar } = drawPicker(hint);
  picking = { end, box };
  const options = { capture: true, signal: end.signal, passive: false };
  const listen = (/** @type {string} */ type, /** @type {(event: Event) => void} */ act) => addEventListener(type, act, options);
  /** @param {Event} event @returns {HTMLElement | null} */
  const targetOf = (event) => {
    const element = /** @type {Element[]} */ (event.composedPath().filter((one) => one instanceof Element))
      .find((one) => one === box || closest(one, selector) === one);
    return element instanceof HTMLElement && element !== box ? element : null;
  };
  // The path of an event ends at the closed root for listeners outside.
  const isOwn = (/** @type {Event} */ event) => event.composedPath()[0] === box;
  const take = (/** @type {Event} */ event, /** @type {HTMLElement | null} */ element) => {
    hold(event);
    if (!event.isTrusted || !element) return;
    stopEverywhere();
    choose(element);
  };
  for (const type of ["pointermove", "focusin"]) listen(type, (event) => surround(outline, targetOf(event)));
  // The bar makes way for the pointer.
  listen("pointermove", (event) => {
    if (!isOwn(event)) stand(bar, /** @type {PointerEvent} */ (event).clientY > innerHeight / 2 ? "top" : "bottom");
  });
  listen("scroll", () => surround(outline, null));
  for (const type of PRESSES) listen(type, (event) => { if (!isOwn(event)) hold(event); });
  listen("click", (event) => { if (!isOwn(event)) take(event, targetOf(event)); });
  listen("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key === "Escape") return take(event, null), stopEverywhere();
    if (key === "Enter" && !isOwn(event)) take(event, targetOf(event));
  });
}

/** Ends the pointing in this document. */
export function stopPicking() {
  picking?.end.abort();
  picking?.box.remove();
  picking = null;
}

/** Ends the pointing in all frames of the tab. */
function stopEverywhere() {
  stopPicking();
  void api.runtime.sendMessage({ type: "toolbar.stop", body: {} }).catch(() => {});
}

/** @param {Event} event */
function hold(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** @param {HTMLElement} outline @param {HTMLElement | null} element */
function surround(outline, element) {
  outline.style.display = element ? "block" : "none";
  if (!element) return;
  const { left, top, width, height } = element.getBoundingClientRect();
  const sides = { left: left - MARGIN, top: top - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  for (const [side, pixels] of Object.entries(sides)) outline.style.setProperty(side, `${pixels}px`);
}

/** Puts the bar at one edge of the window. @param {HTMLElement} bar @param {"top" | "bottom"} edge */
function stand(bar, edge) {
  bar.style.top = edge === "top" ? "0" : "auto";
  bar.style.bottom = edge === "top" ? "auto" : "0";
}

/** The bar with the hint, in the top frame only, and the frame around an element. @param {string} hint */
function drawPicker(hint) {
  const box = document.createElement("div");
  const root = box.attachShadow({ mode: "closed" });
  const outline = document.createElement("div");
  const bar = document.createElement("div");
  const line = document.createElement("span");
  const stop = document.createElement("button");
  box.style.cssText = "all:initial";
  outline.style.cssText = FRAME_STYLE;
  bar.style.cssText = BAR_STYLE;
  stand(bar, "bottom");
  bar.dir = api.i18n.getMessage("languageDirection");
  line.setAttribute("role", "status");
  line.textContent = hint;
  stop.type = "button";
  stop.textContent = api.i18n.getMessage("pickStop");
  stop.style.cssText = STOP_STYLE;
  stop.addEventListener("click", stopEverywhere);
  bar.append(line, stop);
  root.append(outline, ...(window === window.top ? [bar] : []));
  fieldsPart().boxes.add(box);
  findBelow(document, ":root")[0].append(box);
  return { box, outline, bar };
}
