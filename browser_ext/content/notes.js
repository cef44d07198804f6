/**
 * A note: a line of text below an element of the page. Nothing may depend on a note, because a page can hide it or show
 * a false one. Texts on which a person must rely are in the extension's window.
 */
import { boxes } from "./boxes.js";
import { createElement } from "./dom_tree.js";
import { unwrittenPlaceOf } from "./editable.js";
import { sentenceOf } from "./problems.js";
import { direction } from "../texts/texts.js";

const STYLE = "display:block;margin:4px 0;font:14px/1.5 system-ui,sans-serif;color:CanvasText;background:Canvas";
const insertAfter = Element.prototype.after;
/** @type {WeakMap<Element, HTMLElement>} */
const notes = new WeakMap();

/** @param {Element} element @param {string} text "" empties the line */
export function noteFor(element, text) {
  const known = notes.get(element);
  if (known?.textContent === text) return;
  known?.style.setProperty("color", "CanvasText");
  if (known) known.textContent = text;
  else if (text) notes.set(element, create(element, text));
}

/** Shows a note about a danger, in red. @param {Element} element @param {string} text */
export function warnFor(element, text) {
  noteFor(element, text);
  notes.get(element)?.style.setProperty("color", "#b3261e");
}

/** @param {Element} element @param {unknown} error */
export function noteErrorFor(element, error) {
  noteFor(element, sentenceOf(error));
}

/** @param {Element} element @param {string} text */
function create(element, text) {
  const box = createElement("div");
  const line = lineOf(text);
  box.style.cssText = "all:initial;display:block";
  box.attachShadow({ mode: "closed" }).append(line);
  boxes.add(box);
  insertAfter.call(unwrittenPlaceOf(element), box);
  return line;
}

/** Creates the element with a line of text for a shadow root of the extension. @param {string} text */
export function lineOf(text) {
  const line = createElement("span");
  line.setAttribute("role", "status");
  // The writing direction is set, because that of the page may differ from that of the sentence.
  line.dir = direction();
  line.style.cssText = STYLE;
  line.textContent = text;
  return line;
}
