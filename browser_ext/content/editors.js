/**
 * Finds the editor for a focused element. The editor may be a frame of the page, or an element around a hidden field
 * that only gets the typed keys.
 */
import { bodyOf, outwardsFrom, topElementOf } from "./dom_tree.js";
import { isField } from "./field_text.js";

/** The least size, in pixels, of a field in which people can see the text that they write. */
const MIN_WIDTH = 40;
const MIN_HEIGHT = 10;
/** The least size of the editor around a hidden field that only gets the typed keys. */
const EDITOR_WIDTH = 100;
const EDITOR_HEIGHT = 60;
/** The height that the extension's frame may need, in pixels. */
const FRAME_HEIGHT = 400;
/** The values of `overflow` with which an element cuts off its content without scrolling. */
const CLIPPING = /hidden|clip/u;

/**
 * `place`: the element that the person sees. `field`: the element with the text; null if only the page's own script
 * knows the text, as in code editors that draw only the visible lines.
 *
 * @typedef {{place: HTMLElement, field: HTMLElement | null}} Editor
 */

/** The editor to which the focused element belongs; null for none. @param {HTMLElement} element @returns {Editor | null} */
export function editorAt(element) {
  if (element instanceof HTMLIFrameElement) {
    const field = wholeEditorIn(element);
    return field && { place: unclipped(element), field };
  }
  if (!isField(element)) return null;
  if (hasSize(element, MIN_WIDTH, MIN_HEIGHT)) return { place: unclipped(element), field: element };
  const place = around(element).find((outer) => hasSize(outer, EDITOR_WIDTH, EDITOR_HEIGHT));
  return place ? { place, field: null } : { place: element, field: element };
}

/** The body of a page's frame, if the whole frame is an editor; null for any other frame. @param {HTMLIFrameElement} frame */
export function wholeEditorIn({ contentDocument }) {
  const body = contentDocument && bodyOf(contentDocument);
  return body && (contentDocument.designMode === "on" || body.isContentEditable) ? body : null;
}

/** Whether an element shows at least this many pixels. @param {HTMLElement} element @param {number} width @param {number} height */
function hasSize(element, width, height) {
  const clips = around(element).filter((outer) => CLIPPING.test(getComputedStyle(outer).overflow));
  const rects = [element, ...clips].map((box) => box.getBoundingClientRect());
  const seen = (/** @type {"right" | "bottom"} */ end, /** @type {"left" | "top"} */ start) =>
    Math.min(...rects.map((rect) => rect[end])) - Math.max(...rects.map((rect) => rect[start]));
  return seen("right", "left") >= width && seen("bottom", "top") >= height;
}

/**
 * The outermost element around `element` that would cut off a frame in the place of `element`; else `element`.
 * @param {HTMLElement} element
 */
function unclipped(element) {
  const cutting = (/** @type {HTMLElement} */ outer) => CLIPPING.test(getComputedStyle(outer).overflow) && outer.clientHeight < FRAME_HEIGHT;
  return around(element).findLast((outer) => outer !== bodyOf(document) && outer !== topElementOf(document) && cutting(outer)) ?? element;
}

/** The elements around `element`, the innermost first. @param {HTMLElement} element */
function around(element) {
  return outwardsFrom(element).slice(1).filter((outer) => outer instanceof HTMLElement);
}
