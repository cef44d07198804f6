/**
 * Reduces markup that a person writes or pastes to the few tags of a letter. These are `p`, `br`, `ul`, `ol`, `li`,
 * `blockquote`, `strong`, `em`, and `a` with an address of the web (https) or of mail. Also gives the same words as plain
 * text.
 *
 * This module does not clean the given markup, but writes new markup from the words and a few marks. So the result can
 * contain no other tag, attribute, comment or style, and reducing the result again changes nothing.
 */

import { readLink } from "./mail_markup.js";
import { parseMarkup } from "./trusted_markup.js";

/** @typedef {{text: string, isStrong: boolean, isEmphasised: boolean, link: string}} Run `link` is empty for none */
/**
 * @typedef {{kind: "p", runs: Run[]} | {kind: "ul" | "ol", items: Block[][]} | {kind: "blockquote", blocks: Block[]}} Block
 */
/** @typedef {Omit<Run, "text">} Marks */
/**
 * The properties of DOM nodes that are read. An element has a `localName`, a text node does not.
 * @typedef {{
 *   nodeType: number, localName?: string, nodeValue: string | null, childNodes: ArrayLike<ReadNode>, getAttribute?: (name: string) => string | null,
 * }} ReadNode
 */
/** @typedef {{markup: string, text: string}} Written */

const TEXT_NODE = 3;
const BREAK = "\n";
const NO_MARKS = { isStrong: false, isEmphasised: false, link: "" };
const STRONG = new Set(["b", "strong"]);
const EMPHASISED = new Set(["i", "em"]);
/** The least weight of bold words in a style. */
const BOLD = 600;
const PARAGRAPHS = new Set(["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address", "article", "aside", "section", "header",
  "footer", "main", "nav", "figure", "figcaption", "center", "dl", "dt", "dd", "li", "table", "caption", "tr", "form", "fieldset", "hr",
  "details", "summary"]);
/** Elements whose content is not the person's words. */
const DROPPED = new Set(["head", "title", "style", "script", "noscript", "template", "svg", "math", "iframe", "frame", "frameset", "object",
  "embed", "applet", "audio", "video", "canvas", "map", "select", "textarea", "button", "input", "datalist", "xmp", "noembed", "noframes",
  "plaintext"]);
/** Deeper nodes are left out. No browser's parser nests elements deeper. */
const MAX_DEPTH = 512;
/** Deeper lists and quotations become paragraphs of the enclosing list or quotation. */
const MAX_NESTING = 10;

/** @param {string} markup @returns {Written} */
export function reduceMarkup(markup) {
  return reduceNode(parseMarkup(markup).body);
}

/**
 * Reduces the content of an element, such as an editor.
 * @param {ReadNode} root @returns {Written}
 */
export function reduceNode(root) {
  const blocks = readBlocks(root);
  return { markup: blocks.map(writeBlock).join(""), text: plainLines(blocks).join("\n") };
}

/**
 * Reduces the content of an element, with a separate result for each paragraph, list and quotation.
 * @param {ReadNode} root @returns {Written[]}
 */
export function reduceInBlocks(root) {
  return readBlocks(root).map((block) => ({ markup: writeBlock(block), text: plainLines([block]).join("\n") }));
}

/** @param {ReadNode} root */
function readBlocks(root) {
  const reader = new Reader(0);
  reader.readAll(root, NO_MARKS, 0);
  return reader.finish();
}

/** Collects the blocks of one list item, of one quotation, or of the whole text. */
class Reader {
  #nesting;
  /** @type {Block[]} */
  #blocks = [];
  /** @type {Run[]} */
  #runs = [];

  /** @param {number} nesting the number of lists and quotations around */
  constructor(nesting) {
    this.#nesting = nesting;
  }

  /** @param {ReadNode} parent @param {Marks} marks @param {number} depth */
  readAll(parent, marks, depth) {
    if (depth > MAX_DEPTH) return;
    for (const node of Array.from(parent.childNodes)) this.#read(node, marks, depth + 1);
  }

  /** The collected blocks. Called after all nodes have been read. */
  finish() {
    this.#closeParagraph();
    return this.#blocks;
  }

  /** @param {ReadNode} node @param {Marks} marks @param {number} depth */
  #read(node, marks, depth) {
    const { localName } = node;
    if (localName === undefined) {
      // A comment has a `nodeValue` too, so the type of the node is checked.
      if (node.nodeType === TEXT_NODE) this.#add(cleanText(node.nodeValue ?? ""), marks);
      return;
    }
    if (DROPPED.has(localName)) return;
    if (localName === "br") this.#add(BREAK, marks);
    else if ((localName === "ul" || localName === "ol") && this.#nesting < MAX_NESTING) this.#readList(node, localName, marks, depth);
    else if (localName === "blockquote" && this.#nesting < MAX_NESTING) this.#readQuotation(node, marks, depth);
    else if (PARAGRAPHS.has(localName) || ["ul", "ol", "blockquote"].includes(localName)) {
      this.#closeParagraph();
      this.readAll(node, marks, depth);
      this.#closeParagraph();
    } else this.readAll(node, marksOf(node, localName, marks), depth);
    // The cells of a row are words beside each other.
    if (localName === "td" || localName === "th") this.#add(" ", NO_MARKS);
  }

  /** @param {ReadNode} node @param {"ul" | "ol"} kind @param {Marks} marks @param {number} depth */
  #readList(node, kind, marks, depth) {
    this.#closeParagraph();
    /** @type {Block[][]} */
    const items = [];
    for (const child of Array.from(node.childNodes)) {
      const reader = new Reader(this.#nesting + 1);
      if (child.localName === "li") reader.readAll(child, marks, depth + 1);
      else reader.#read(child, marks, depth + 1);
      const blocks = reader.finish();
      if (blocks.length === 0) continue;
      // Editors put an inner list beside the item that it belongs to.
      if (child.localName !== "li" && items.length > 0) items[items.length - 1].push(...blocks);
      else items.push(blocks);
    }
    if (items.length > 0) this.#blocks.push({ kind, items });
  }

  /** @param {ReadNode} node @param {Marks} marks @param {number} depth */
  #readQuotation(node, marks, depth) {
    this.#closeParagraph();
    const reader = new Reader(this.#nesting + 1);
    reader.readAll(node, marks, depth);
    const blocks = reader.finish();
    if (blocks.length > 0) this.#blocks.push({ kind: "blockquote", blocks });
  }

  /** @param {string} text @param {Marks} marks */
  #add(text, marks) {
    const last = this.#runs[this.#runs.length - 1];
    const isAtStart = !last || last.text.endsWith(" ") || last.text.endsWith(BREAK);
    const added = isAtStart && text.startsWith(" ") ? text.slice(1) : text;
    if (!added) return;
    // A blank before a line break is not shown.
    if (added === BREAK) this.#trimEnd(" ");
    const before = this.#runs[this.#runs.length - 1];
    if (before && isSame(before, marks)) before.text += added;
    else this.#runs.push({ ...marks, text: added });
  }

  /** @param {string} dropped the characters that are dropped at the end */
  #trimEnd(dropped) {
    for (let last = this.#runs.pop(); last; last = this.#runs.pop()) {
      let end = last.text.length;
      while (end > 0 && dropped.includes(last.text[end - 1])) end -= 1;
      if (end === 0) continue;
      this.#runs.push({ ...last, text: last.text.slice(0, end) });
      return;
    }
  }

  #closeParagraph() {
    const hasBreak = this.#runs.some(({ text }) => text.includes(BREAK));
    this.#trimEnd(` ${BREAK}`);
    // Editors write an empty line as a paragraph with a break only.
    if (this.#runs.length === 0 && hasBreak) this.#runs = [{ ...NO_MARKS, text: BREAK }];
    if (this.#runs.length > 0) this.#blocks.push({ kind: "p", runs: this.#runs });
    this.#runs = [];
  }
}

/** Blanks as they are shown, without invisible control characters. @param {string} text */
function cleanText(text) {
  return text.replace(/(?![\t\r\n\f])[\p{Cc}\p{Cs}]/gu, "").replace(/[ \t\r\n\f]+/gu, " ");
}

/**
 * The marks of the words in an element. The element's style comes first, because some programs make words bold only with a
 * style, and put a `b` without weight around everything.
 * @param {ReadNode} node @param {string} localName @param {Marks} marks @returns {Marks}
 */
function marksOf(node, localName, marks) {
  const styles = stylesOf(node.getAttribute?.("style") ?? "");
  const [weight, style] = [styles.get("font-weight"), styles.get("font-style")];
  const isStrong = weight === undefined ? marks.isStrong || STRONG.has(localName) : weight === "bold" || Number(weight) >= BOLD;
  const isEmphasised = style === undefined ? marks.isEmphasised || EMPHASISED.has(localName) : style === "italic";
  return { isStrong, isEmphasised, link: localName === "a" ? linkOf(node.getAttribute?.("href") ?? "") : marks.link };
}

/** @param {string} style @returns {Map<string, string>} values by their names */
function stylesOf(style) {
  return new Map(style.toLowerCase().split(";").map((declaration) => {
    const [name, value = ""] = declaration.split(":", 2);
    return [name.trim(), value.trim()];
  }));
}

/** The address of a link to the web or to mail, as browsers understand it; otherwise empty. @param {string} url */
function linkOf(url) {
  const target = readLink(url);
  return target && /^(?:https|mailto):/u.test(target.url) ? target.url : "";
}

/** @param {Marks} one @param {Marks} other */
function isSame(one, other) {
  return one.isStrong === other.isStrong && one.isEmphasised === other.isEmphasised && one.link === other.link;
}

/** @param {Block} block @returns {string} */
function writeBlock(block) {
  if (block.kind === "p") return `<p>${block.runs.map(writeRun).join("")}</p>`;
  if (block.kind === "blockquote") return `<blockquote>${block.blocks.map(writeBlock).join("")}</blockquote>`;
  return `<${block.kind}>${block.items.map(writeItem).join("")}</${block.kind}>`;
}

/** An item whose first paragraph has no `p` tags, because they would move the items apart. @param {Block[]} blocks */
function writeItem([first, ...others]) {
  const begin = first.kind === "p" ? first.runs.map(writeRun).join("") : writeBlock(first);
  return `<li>${begin}${others.map(writeBlock).join("")}</li>`;
}

/** @param {Run} run */
function writeRun({ text, isStrong, isEmphasised, link }) {
  let written = escape(text).replaceAll(BREAK, "<br>");
  if (isEmphasised) written = `<em>${written}</em>`;
  if (isStrong) written = `<strong>${written}</strong>`;
  return link ? `<a href="${escape(link)}">${written}</a>` : written;
}

/** @param {string} text */
function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** The lines of plain text, with an empty line between blocks. @param {Block[]} blocks @returns {string[]} */
function plainLines(blocks) {
  // The text of each block is computed only once. Otherwise each level of nested quotations would double the work.
  const written = blocks.map(linesOf);
  return written.flatMap((lines, index) => {
    // An empty paragraph is an empty line itself.
    const isApart = index > 0 && lines.some(Boolean) && written[index - 1].some(Boolean);
    return isApart ? ["", ...lines] : lines;
  });
}

/** @param {Block} block @returns {string[]} */
function linesOf(block) {
  if (block.kind === "p") return plainWords(block.runs).trimEnd().split(BREAK);
  if (block.kind === "blockquote") return plainLines(block.blocks).map((line) => (line ? `> ${line}` : ">"));
  return block.items.flatMap((blocks, index) => {
    const mark = block.kind === "ul" ? "- " : `${index + 1}. `;
    return blocks.flatMap(linesOf).map((line, number) => (number === 0 ? `${mark}${line}` : line && `${" ".repeat(mark.length)}${line}`));
  });
}

/** @param {Run[]} runs */
function plainWords(runs) {
  return runs.map(({ text, link }, index) => {
    // In a link with bold words, the address follows only the last run.
    const isEnd = link && runs[index + 1]?.link !== link;
    const words = isEnd ? runs.slice(startOfLink(runs, index), index + 1).map((run) => run.text).join("").trim() : "";
    const isNamed = [link, link.replace(/^mailto:/u, ""), link.replace(/\/$/u, "")].includes(words);
    return isEnd && words && !isNamed ? `${text} <${link.replace(/^mailto:/u, "")}>` : text;
  }).join("").replaceAll("\u00a0", " ");
}

/** @param {Run[]} runs @param {number} end */
function startOfLink(runs, end) {
  let start = end;
  while (start > 0 && runs[start - 1].link === runs[end].link) start -= 1;
  return start;
}
