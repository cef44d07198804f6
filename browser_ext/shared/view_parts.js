/** The parts that the sandboxed views of mails and of pages share. */
import { html } from "../../wasm_build/ui/dom.js";

/** The time after which the copy of a saved file is freed. By then every browser has begun the download. */
const REVOKE_AFTER_MILLISECONDS = 30_000;

/**
 * The frame for foreign markup. It has no scripts, no forms and no origin; links open in other tabs.
 * @param {string} source
 * @param {{class: string, title: string}} attributes
 */
export function markupFrame(source, attributes) {
  const sandbox = "allow-popups allow-popups-to-escape-sandbox";
  const frame = html("iframe", { ...attributes, sandbox, referrerpolicy: "no-referrer" });
  frame.srcdoc = source;
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

/**
 * Saves bytes without a type, so that no browser shows a stranger's file as a page.
 * @param {string} name @param {BlobPart} bytes
 */
export function saveBytes(name, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  html("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MILLISECONDS);
}
