/** Opens an armored text that the person has selected. */
import { bodyOf, createElement, focusedIn, topElementOf } from "./dom_tree.js";
import { findCms, isField, readArmor } from "./field_text.js";
import { activate, openAt } from "./fields.js";
import { boxes } from "./boxes.js";
import { noteFor } from "./notes.js";
import { translate } from "../texts/texts.js";

/** Opens an armored text that the person has selected, wholly or in part. @returns {boolean} false if there is none */
export function openSelection() {
  const focused = focusedIn(document);
  if (focused && isField(focused) && findCms(focused)) return activate(focused);
  const selection = getSelection();
  if (!selection?.rangeCount) return false;
  const range = selection.getRangeAt(0);
  const { commonAncestorContainer: node } = range;
  const around = node instanceof Element ? node : node.parentElement;
  const cms = readArmor(selection.toString()) || cmsAround(around);
  if (cms) return openAt(elementWith(cms, range, around) ?? markEndOf(range), cms);
  const last = range.endContainer.childNodes[range.endOffset - 1] ?? range.endContainer;
  const place = last instanceof Element ? last : last.parentElement;
  if (place) noteFor(place, translate("selection_empty"));
  return false;
}

/** The armored text of the nearest element around the selection; "" for none. @param {Element | null} element */
function cmsAround(element) {
  while (element && !isWholePage(element)) {
    const cms = findCms(element);
    if (cms) return cms;
    element = element.parentElement;
  }
  return "";
}

/**
 * The smallest element that contains a selected armored text.
 * @param {string} cms
 * @param {Range} range
 * @param {Element | null} around
 * @returns {HTMLElement | null} null if only the whole page holds the text, because a frame cannot replace the page
 */
function elementWith(cms, range, around) {
  const below = [...(around?.querySelectorAll("*") ?? [])].filter((element) => range.intersectsNode(element));
  let container = below.findLast((element) => element instanceof HTMLElement && findCms(element) === cms) ?? around;
  while (container && findCms(container) !== cms) container = container.parentElement;
  return container instanceof HTMLElement && !isWholePage(container) ? container : null;
}

/** @param {Element} element */
function isWholePage(element) {
  return element === bodyOf(document) || element === topElementOf(document);
}

/** Adds an element for the frame after a selection. @param {Range} range */
function markEndOf(range) {
  const mark = createElement("div");
  boxes.add(mark);
  const end = range.cloneRange();
  end.collapse(false);
  end.insertNode(mark);
  return mark;
}
