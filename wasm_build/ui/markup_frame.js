/** The frame for foreign markup, and the list of its links beside the frame. */

import { html } from "./dom.js";
import { fillFrame } from "./trusted_markup.js";

/**
 * The frame for foreign markup. It has no scripts, no forms and no origin; links open in other tabs.
 * @param {string} source
 * @param {{class: string, title: string}} attributes
 */
export function markupFrame(source, attributes) {
  const sandbox = "allow-popups allow-popups-to-escape-sandbox";
  const frame = html("iframe", { ...attributes, sandbox, referrerpolicy: "no-referrer" });
  fillFrame(frame, source);
  return frame;
}

/** A list of links, which the markup's own styles cannot touch. @param {string} title @param {HTMLElement[]} items */
export function linkList(title, items) {
  return html("details", { class: "links", data: { test: "links" } }, html("summary", { text: title }), html("ul", {}, ...items));
}

/** A text with the number of links in it. @param {string} words with `{count}` @param {number} count */
export function countedWords(words, count) {
  return words.replace("{count}", new Intl.NumberFormat(document.documentElement.lang).format(count));
}
