/**
 * Checks whether a page shows an element unaltered: not cut off, not faded, not masked, and neither too small nor too
 * large. The check reads the styles of the element and of all elements around it in this document. The check does not
 * detect elements that cover the element. In a frame it does not read the styles of elements around the frame.
 */
import { drawnParentOf } from "./dom_tree.js";

const MIN_OPACITY = 0.9;
const MIN_ZOOM = 0.6;
const MAX_ZOOM = 2;
/** An element may be moved, but not turned, scaled or shown in perspective. */
const MOVED = /^(?:none|matrix\(1, 0, 0, 1, [^)]*\))$/u;
/**
 * The properties that can hide or distort an element, with the values that leave it unaltered.
 * @type {[string, string[]][]}
 */
const PLAIN = [
  ["filter", ["none"]], ["mask-image", ["none"]], ["mask-border-source", ["none"]], ["-webkit-mask-box-image-source", ["none"]],
  ["clip-path", ["none"]], ["clip", ["auto"]], ["mix-blend-mode", ["normal"]], ["perspective", ["none"]],
  ["scale", ["none", "1"]], ["rotate", ["none", "0deg"]], ["visibility", ["visible"]],
];

/** @param {Element} element @returns {boolean} */
export function looksAsMade(element) {
  let zoom = 1;
  for (let around = /** @type {Element | null} */ (element); around; around = drawnParentOf(around)) {
    const style = getComputedStyle(around);
    zoom *= Number(style.getPropertyValue("zoom") || 1);
    if (Number(style.opacity) < MIN_OPACITY || !MOVED.test(style.transform)) return false;
    if (PLAIN.some(([name, plain]) => !["", ...plain].includes(style.getPropertyValue(name)))) return false;
  }
  return zoom >= MIN_ZOOM && zoom <= MAX_ZOOM;
}
