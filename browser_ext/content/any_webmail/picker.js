/**
 * Lets the person point at an element of the page. A border around the element under the pointer, or around the focused
 * element, shows what a click or Enter chooses. The page gets none of these clicks and keys.
 */
import { closest, createElement, focusedIn, isConnected, matches, stop } from "../dom_tree.js";
import { Bar, sayInBar, stopAction, stopEverywhere } from "./bar.js";

/**
 * Says which elements can be chosen, and what happens after the choice. `actions` are further buttons. `isHere`: the person can
 * choose only in this frame, which shows the hint.
 * @typedef {{
 *   hint: string, selector: string, choose: (element: HTMLElement) => void, actions?: import("./bar.js").Action[], isHere?: boolean,
 * }} Choice
 */

const FRAME_STYLE = "all:initial;position:fixed;z-index:2147483646;pointer-events:none;border:3px solid #8c1c2b;border-radius:6px;"
  + "box-shadow:0 0 0 2px #fff;box-sizing:border-box;display:none";
const MARGIN = 4;
/** Starts the pointing, and ends an earlier pointing. @param {Choice} choice */
export function startPicking({ hint, selector, choose, actions = [], isHere = false }) {
  const buttons = [...actions, stopAction()];
  const bar = new Bar(hint, ...buttons);
  if (isHere) bar.say(hint, ...buttons);
  const outline = createElement("div");
  outline.style.cssText = FRAME_STYLE;
  bar.add(outline);
  /** @param {Event} event @returns {HTMLElement | null} */
  const targetOf = (event) => {
    const target = bar.isOwn(event) ? undefined : event.composedPath().find((node) => node instanceof Element && closest(node, selector) === node);
    return target instanceof HTMLElement ? target : null;
  };
  const end = (/** @type {HTMLElement} */ element) => {
    bar.close();
    const chooseShown = () => (isConnected(element) ? choose(element) : sayInBar("pick-gone"));
    if (isHere) chooseShown();
    else void stopEverywhere().then(chooseShown);
  };
  const take = (/** @type {Event} */ event) => {
    const element = targetOf(event);
    stop(event);
    if (event.isTrusted && element) end(element);
  };
  // A page gets no event if the pointer moves over a frame.
  for (const type of ["pointermove", "pointerover", "focusin"]) bar.listen(type, (event) => surround(outline, targetOf(event)));
  bar.listen("scroll", () => surround(outline, null));
  bar.take((event) => {
    const { type, key } = /** @type {KeyboardEvent} */ (event);
    if (type === "click" || key === "Enter") take(event);
    else if (type !== "keydown") stop(event);
    else if (key === "Escape") {
      stop(event);
      void stopEverywhere();
    }
  });
  // A click follows a touch only if the default action of the touch is not prevented.
  for (const type of ["touchstart", "touchend"]) bar.listen(type, (event) => { if (!bar.isOwn(event)) event.stopImmediatePropagation(); });
  // If the person clicks into a frame, the page around it gets no click, but loses the focus.
  bar.listen("blur", () => setTimeout(() => {
    const frame = bar.signal.aborted ? null : focusedIn(document);
    if (frame instanceof HTMLIFrameElement && matches(frame, selector)) end(frame);
  }));
}

/** @param {HTMLElement} outline @param {HTMLElement | null} element */
function surround(outline, element) {
  outline.style.display = element ? "block" : "none";
  if (!element) return;
  const { left, top, width, height } = element.getBoundingClientRect();
  const sides = { left: left - MARGIN, top: top - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  for (const [side, pixels] of Object.entries(sides)) outline.style.setProperty(side, `${pixels}px`);
}
