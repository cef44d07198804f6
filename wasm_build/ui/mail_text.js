/**
 * The words of a mail: its parts one below the other, each part with markup in a frame without scripts, forms and origin,
 * then the list of all links. The view of the extension and the pages share this code.
 */

import { html } from "./dom.js";
import { isPicture, prepareMail, readLink } from "./mail_markup.js";
import { countedWords, linkList, markupFrame } from "./markup_frame.js";

/** @typedef {{path: string, text: string, markup: string | null}} Passage `markup` is null for a part without markup */
/** @typedef {{path: string, type: string, contentId: string, size: number}} FileFacts */
/**
 * A part of the mail with a protection of its own. `sentence` says which.
 * @typedef {{path: string, detached: boolean, sentence: string}} ProtectedPart
 */
/** @typedef {{parts: ProtectedPart[], isWholeSigned: boolean}} Coverage `isWholeSigned`: a signature covers all parts */
/**
 * @typedef {{markup: string, blocked: string, uncovered: string, empty: string, links: string}} Words `markup` is the title
 *   of a frame; `links` has `{count}`
 */
/** @typedef {{passages: Passage[], text: string, files: FileFacts[]}} Mail `text` is the text of the whole mail */

/** The limit for all pictures in one part together. */
const MAX_PICTURE_BYTES = 20_000_000;
/** Estimates for a narrow view, from which the height of a frame with markup is computed. */
const CHARACTERS_PER_LINE = 45;
const SPARE_LINES = 4;
const LINE_PIXELS = 28;
const WEB_ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u;

export class MailText {
  /** The notice about what was left out, or nothing. */
  notes = html("div", { class: "mail-text-notes" });
  /** The list of links, or nothing. */
  links = html("div", { class: "mail-text-links" });
  /** The parts. */
  element;
  #mail;
  #words;
  #readFile;
  /** @type {Coverage} */
  #coverage;

  /**
   * @param {HTMLElement} element for the parts
   * @param {Mail} mail
   * @param {{words: Words, coverage: Coverage, readFile: (index: number) => Promise<ArrayBuffer>}} options
   */
  constructor(element, mail, { words, coverage, readFile }) {
    this.element = element;
    this.#mail = mail;
    this.#words = words;
    this.#coverage = coverage;
    this.#readFile = readFile;
  }

  /** Whether a part has markup, so that the person can choose between markup and text. */
  get hasMarkup() {
    return this.#mail.passages.some(({ markup }) => markup !== null);
  }

  /** Draws all parts. Without markup nothing is waited for. @param {{asText: boolean}} options */
  async draw({ asText }) {
    const words = this.#words;
    /** @type {string[]} */
    const links = [];
    const sections = [];
    let blocked = 0;
    for (const passage of this.#passages(asText)) {
      const section = html("section", { class: "passage", "data-path": passage.path });
      if (passage.markup !== null && !asText) blocked += await this.#drawMarkup(section, passage, links);
      else section.append(textOf(passage.text, links));
      this.#showCoverage(section);
      sections.push(section);
    }
    const { passages, files, text } = this.#mail;
    const isEmpty = passages.length === 0 && files.length === 0 && !text;
    if (isEmpty) sections.push(html("p", { class: "note", text: words.empty }));
    this.element.replaceChildren(...sections);
    this.notes.replaceChildren(...(blocked ? [html("p", { class: "note", text: words.blocked, data: { test: "blocked" } })] : []));
    this.links.replaceChildren(...listLinks(links, words));
  }

  /** Shows a later verdict on the parts. @param {Coverage} coverage */
  judge(coverage) {
    this.#coverage = coverage;
    for (const section of this.element.querySelectorAll(".passage")) this.#showCoverage(section);
  }

  /**
   * The parts to show. As text, the text alternative of the whole mail is the only part, unless parts have signatures of
   * their own.
   * @param {boolean} asText
   * @returns {Passage[]}
   */
  #passages(asText) {
    const { passages, text } = this.#mail;
    const isWhole = asText && !(this.hasMarkup && this.#coverage.parts.length > 0);
    return isWhole ? [{ path: "", text, markup: null }] : passages;
  }

  /** @param {Element} section @param {Passage} passage @param {string[]} links @returns {Promise<number>} */
  async #drawMarkup(section, passage, links) {
    const prepared = await prepareMail(passage.markup ?? "", this.#pictureFinder(passage.path));
    if (!prepared) {
      section.append(textOf(passage.text, links));
      return 1;
    }
    const { document: source, links: found, blocked } = prepared;
    const frame = markupFrame(source, { class: "markup", title: this.#words.markup });
    frame.style.blockSize = `min(55vb, ${heightFor(passage)}px)`;
    section.append(frame);
    links.push(...found);
    return blocked;
  }

  /**
   * Returns a function that finds a picture by its Content-ID. It finds only pictures covered by the same signatures and
   * encryption as the text that shows them.
   * @param {string} path
   */
  #pictureFinder(path) {
    let left = MAX_PICTURE_BYTES;
    const { files } = this.#mail;
    const covers = this.#covering(path).map((part) => part.path).join(" ");
    return async (/** @type {string} */ contentId) => {
      const index = files.findIndex((file) => file.contentId === contentId && isPicture(file.type)
        && this.#covering(file.path).map((part) => part.path).join(" ") === covers);
      const file = files[index];
      if (!file || file.size > left) return null;
      left -= file.size;
      return dataUrl(await this.#readFile(index), file.type);
    };
  }

  /** The protected parts that contain the part at this path. @param {string} path */
  #covering(path) {
    return this.#coverage.parts.filter((part) => {
      // A multipart/signed has two parts: the signature is the second, and covers only the first.
      const covered = part.detached ? `${part.path}.1` : part.path;
      return path === covered || path.startsWith(`${covered}.`);
    });
  }

  /**
   * Shows above a part the signature that covers only this part, or that none covers it, if parts of the mail have a
   * protection of their own.
   * @param {Element} section
   */
  #showCoverage(section) {
    section.querySelector(".coverage")?.remove();
    const path = /** @type {HTMLElement} */ (section).dataset.path ?? "";
    // The text of the whole mail is no single part.
    if (this.#coverage.parts.length === 0 || !this.#mail.passages.some((passage) => passage.path === path)) return;
    const covering = this.#covering(path);
    if (covering.length === 0 && this.#coverage.isWholeSigned) return;
    section.setAttribute("data-covered", String(covering.length > 0));
    const sentence = covering.map((part) => part.sentence).join(" ") || this.#words.uncovered;
    section.prepend(html("p", { class: "coverage", dir: "auto", text: sentence, data: { test: "coverage" } }));
  }
}

/**
 * The estimated height of a part with markup, in pixels. No script can ask the frame for the real height.
 * @param {Passage} passage
 */
function heightFor({ text, markup }) {
  if (/<(img|table)\b/iu.test(markup ?? "")) return Number.MAX_SAFE_INTEGER;
  const lines = text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / CHARACTERS_PER_LINE), 0);
  return (lines + SPARE_LINES) * LINE_PIXELS;
}

/** @param {ArrayBuffer} bytes @param {string} type @returns {Promise<string>} */
export function dataUrl(bytes, type) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes], { type }));
  });
}

/** @param {string} text @param {string[]} links */
function textOf(text, links) {
  const box = html("div", { class: "text", dir: "auto", translate: "no", data: { test: "body" } });
  for (const [index, piece] of text.split(WEB_ADDRESS).entries()) {
    const target = index % 2 ? readLink(piece) : null;
    if (target) links.push(target.url);
    box.append(target ? linkTo(target.url, piece) : piece);
  }
  return box;
}

/** @param {string} url @param {string} label */
function linkTo(url, label) {
  return html("a", { href: url, target: "_blank", rel: "noreferrer noopener", dir: "ltr", text: label });
}

/**
 * A list of all links with their hosts, outside the frames, where the mail's styles cannot alter it.
 * @param {string[]} links
 * @param {Words} words
 */
function listLinks(links, words) {
  const targets = [...new Set(links)].map((url) => readLink(url)).filter((target) => target !== null);
  if (targets.length === 0) return [];
  const items = targets.map(({ place, url }) => html("li", {}, html("strong", { dir: "ltr", text: place }), " ", linkTo(url, url)));
  return [linkList(countedWords(words.links, targets.length), items)];
}
