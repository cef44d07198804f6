/** The frame for foreign markup, and the list of its links beside the frame. */

import { html } from "./dom.js";
import { number } from "./formats.js";
import { createLongList } from "./long_list.js";
import { fillFrame } from "./trusted_markup.js";

/** Estimates for a narrow view, from which the height of a frame with markup is computed. */
const CHARACTERS_PER_LINE = 45;
const SPARE_LINES = 4;
const LINE_PIXELS = 28;

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

/**
 * The estimated height of a part with markup, in pixels. No script can ask the frame for the real height.
 * @param {{text: string, markup: string | null}} part
 */
export function heightFor({ text, markup }) {
  if (/<(img|table)\b/iu.test(markup ?? "")) return Number.MAX_SAFE_INTEGER;
  const lines = text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / CHARACTERS_PER_LINE), 0);
  return (lines + SPARE_LINES) * LINE_PIXELS;
}

/**
 * A list of links that the markup's styles cannot change.
 * @template T
 * @param {{links: string, more: string}} words with `{count}`
 * @param {readonly T[]} targets
 * @param {(target: T) => HTMLElement} createRow
 */
export function linkList(words, targets, createRow) {
  const rows = createLongList(html("ul"), targets, createRow, { more: (left) => countedWords(words.more, left) });
  const title = countedWords(words.links, targets.length);
  return html("details", { class: "links", data: { test: "links" } }, html("summary", { text: title }), ...rows);
}

/** A text with a number in it. @param {string} words with `{count}` @param {number} count */
export function countedWords(words, count) {
  return words.replace("{count}", number(count));
}
