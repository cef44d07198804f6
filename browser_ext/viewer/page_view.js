/**
 * The sandboxed view of a page. Only this document has the plaintext of an encrypted page. The view has an opaque
 * origin, no extension API and no network. One MessagePort connects it to the document around it. The page is in a
 * nested frame, which runs no script and loads nothing.
 *
 * This file is bundled as a classic script, because an opaque origin loads no modules.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { linkList, markupFrame } from "../../wasm_build/ui/markup_frame.js";
import { parseMarkup } from "../../wasm_build/ui/trusted_markup.js";
import { unpackParts } from "../shared/packed_parts.js";
import { setLanguage, ViewPort } from "../shared/view_port.js";
import { isTooLarge, preparePage } from "./page_markup.js";

/** @typedef {import("./page_markup.js").SignedPage} SignedPage */

/** @type {Record<string, string>} */
let words = {};
const port = new ViewPort({ read, show });

/** @param {import("../shared/view_port.js").Wording} wording @returns {Promise<ArrayBuffer>} the key to the page */
function read(wording) {
  words = wording.words;
  setLanguage(wording);
  return port.makeKeys();
}

/** @param {{envelope: Envelope, withTexts?: boolean}} body */
async function show({ envelope, withTexts = false }) {
  return draw(unpack(await port.open("opened page", envelope)), withTexts);
}

/** Unpacks the result of `packPage`. @param {ArrayBuffer} packed @returns {SignedPage} */
function unpack(packed) {
  /** @type {ReturnType<typeof unpackParts<{mediaType: string, address: string, urls: string[]}>>} */
  const { facts, parts: [bytes, ...loaded] } = unpackParts(packed);
  const resources = loaded.map((part, index) => ({ url: facts.urls[index], bytes: part }));
  return { bytes, mediaType: facts.mediaType, address: facts.address, resources };
}

/**
 * @param {SignedPage} page
 * @param {boolean} withTexts true to return the words of the page; only for a page of the person's own tab
 * @returns {Promise<{leftOut: number, scripts: number, texts: string[]}>} the counts of things that are not shown, and
 *   the words of the page
 */
async function draw(page, withTexts) {
  const isLarge = await isTooLarge(page);
  const prepared = isLarge ? null : await preparePage(page);
  const note = isLarge ? words.tooLarge : words.noView;
  const shown = prepared
    ? markupFrame(prepared.document, { class: "page", title: words.title })
    : html("p", { class: "note", text: note, data: { test: "no-view" } });
  document.body.replaceChildren(shown, ...below(prepared?.links ?? [], page));
  const texts = prepared && withTexts ? textsOf(prepared.document) : [];
  return { leftOut: prepared?.leftOut ?? 0, scripts: prepared?.scripts ?? 0, texts };
}

/** All words of a page, also those that its styles hide. @param {string} source */
function textsOf(source) {
  const root = parseMarkup(source);
  const texts = [root.title];
  const walker = root.createTreeWalker(root.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode } = walker;
    if (currentNode.parentElement?.localName !== "style") texts.push(currentNode.nodeValue ?? "");
  }
  for (const name of ["value", "alt", "title", "placeholder"]) {
    for (const element of root.querySelectorAll(`[${name}]`)) texts.push(element.getAttribute(name) ?? "");
  }
  return texts;
}

/** @param {string[]} links @param {SignedPage} page */
function below(links, page) {
  const on = { click: () => download(page) };
  const save = words.save && html("button", { type: "button", text: words.save, data: { test: "save-page" }, on });
  return links.length || save ? [html("div", { class: "below" }, links.length > 0 && listOf(links), save)] : [];
}

/** @param {string[]} links */
function listOf(links) {
  return linkList({ links: words.links, more: words.moreRows }, links, (href) => html("li", { dir: "ltr", text: href }));
}

/** @param {SignedPage} page */
function download({ bytes, mediaType }) {
  const ending = /^text\/html\b/iu.test(mediaType) ? "html" : /^text\//iu.test(mediaType) ? "txt" : "bin";
  saveFile(`page.${ending}`, /** @type {BlobPart} */ (bytes));
}
