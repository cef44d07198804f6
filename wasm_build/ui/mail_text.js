/**
 * The text of a mail: its parts one below the other, then the list of all links. A part with markup is in a frame without
 * scripts, forms and origin. The view of the extension and the pages share this code.
 */

import { html } from "./dom.js";
import { isPicture, prepareMail } from "./mail_markup.js";
import { AT_ONCE, ON_PRESS, isWithin, mayBeWithin } from "./markup_bounds.js";
import { heightFor, linkList, markupFrame } from "./markup_frame.js";
import { Slices } from "./slices.js";
import { FIRST_PIECES, LEAST_PIECE, PIECES_OF_A_FRAME, createTextBox, linkTo, takePieces } from "./text_pieces.js";

/** @typedef {{path: string, text: string, markup: string | null}} Passage `markup` is null for a part without markup */
/** @typedef {{path: string, type: string, contentId: string, size: number}} FileFacts */
/**
 * A separately protected part of the mail. `sentence` names the protection.
 * @typedef {{path: string, detached: boolean, sentence: string}} ProtectedPart
 */
/** @typedef {{parts: ProtectedPart[], isWholeSigned: boolean}} Coverage `isWholeSigned`: a signature covers all parts */
/**
 * @typedef {{
 *   markup: string, blocked: string, uncovered: string, empty: string, links: string, moreRows: string, textIsLong: string,
 *   moreText: string, manyMarks: string, markupOver: string, markupFarOver: string, markupAnyway: string,
 * }} Words `markup` is the title of a frame; `links` and `moreRows` have `{count}`
 */
/** @typedef {{passages: Passage[], text: string, files: FileFacts[]}} Mail `text` is the text of the whole mail */

/** The limit on the total size of all pictures in one part. */
const MAX_PICTURE_BYTES = 20_000_000;
/** The number of pieces that one press draws, in slices. These pieces hold 1 MB. */
const PIECES_OF_A_PRESS = 256;
/** The most frames that are drawn at first, and after each press of the button. */
const FRAMES = 5;

/** @typedef {{passage: Passage, from: number, section: HTMLElement | null}} Waiting the part after the character `from` */
/**
 * @typedef {{
 *   asText: boolean, slices: Slices, signal: AbortSignal, waiting: Waiting[], links: Map<string, string>, blocked: number,
 * }} Drawing
 */

export class MailText {
  /** The notices about left out content; empty if there are none. */
  notes = html("div", { class: "mail-text-notes" });
  /** The list of links; empty if there are none. */
  links = html("div", { class: "mail-text-links" });
  /** The element with the parts of the mail. */
  element;
  #mail;
  #words;
  #readFile;
  /** @type {Coverage} */
  #coverage;
  #ending = new AbortController();

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

  /**
   * Draws the parts. A long mail gets its beginning and a button for the rest. Text without markup is drawn without waiting.
   * @param {{asText: boolean}} options
   */
  async draw({ asText }) {
    this.close();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    const waiting = this.#passages(asText).map((passage) => ({ passage, from: 0, section: null }));
    /** @type {Drawing} */
    const drawing = { asText, slices: new Slices(signal), signal, waiting, links: new Map(), blocked: 0 };
    let isFirst = true;
    const onSection = (/** @type {HTMLElement} */ section) => {
      if (isFirst) this.element.replaceChildren(section);
      else this.element.append(section);
      isFirst = false;
    };
    try {
      await this.#drawParts(drawing, { pieces: FIRST_PIECES, step: FIRST_PIECES, onSection });
    } catch (error) {
      // The mail was closed, or is being redrawn.
      if (signal.aborted) return;
      throw error;
    }
    const { passages, files, text } = this.#mail;
    const isEmpty = passages.length === 0 && files.length === 0 && !text;
    if (isFirst) this.element.replaceChildren(...(isEmpty ? [html("p", { class: "note", text: this.#words.empty })] : []));
    this.element.append(...this.#createMore(drawing));
    this.#showNotes(drawing);
  }

  /** Shows a later verdict on the parts. @param {Coverage} coverage */
  judge(coverage) {
    this.#coverage = coverage;
    for (const section of this.element.querySelectorAll(".passage")) this.#showCoverage(section);
  }

  /** Ends the drawing of a mail that is closed. */
  close() {
    this.#ending.abort();
  }

  /**
   * The parts to show. In the view as text, the text alternative of the whole mail is the only part, unless parts are
   * signed separately.
   * @param {boolean} asText
   * @returns {Passage[]}
   */
  #passages(asText) {
    const { passages, text } = this.#mail;
    const isWhole = asText && !(this.hasMarkup && this.#coverage.parts.length > 0);
    return isWhole ? [{ path: "", text, markup: null }] : passages;
  }

  /**
   * Draws the next parts that wait.
   * @param {Drawing} drawing
   * @param {{pieces: number, step: number, onSection: (section: HTMLElement) => void}} options the number of pieces
   *   to draw, the number in one slice, and the function that adds a section to the page
   */
  async #drawParts(drawing, { pieces, step, onSection }) {
    let sinceFrame = 0;
    for (let left = pieces; left > 0 && drawing.waiting.length > 0;) {
      const next = drawing.waiting[0];
      const isBegin = next.section === null;
      const section = next.section ?? html("section", { class: "passage", "data-path": next.passage.path });
      const used = isBegin && next.passage.markup !== null && !drawing.asText ? await this.#drawMarkup(section, next.passage, drawing) : 0;
      // The mail may have been closed while its markup was made ready.
      drawing.signal.throwIfAborted();
      const spent = used * pieces / FRAMES || drawText(section, next, drawing.links, Math.min(left, step));
      left -= spent;
      if (used || next.from >= next.passage.text.length) drawing.waiting = drawing.waiting.filter((part) => part !== next);
      if (isBegin) {
        this.#showCoverage(section);
        onSection(section);
      }
      next.section = section;
      sinceFrame += spent;
      if (!section.isConnected || sinceFrame < step) {
        await drawing.slices.next();
        continue;
      }
      sinceFrame = 0;
      await drawing.slices.drawn();
    }
  }

  /**
   * Draws markup that is within its bounds. Otherwise only a note is drawn.
   * @param {HTMLElement} section @param {Passage} passage @param {Drawing} drawing @returns {Promise<number>} 0 for a note
   */
  async #drawMarkup(section, passage, drawing) {
    const markup = passage.markup ?? "";
    if (!(await isWithin(markup, AT_ONCE, drawing.slices))) {
      section.append(this.#createTooLarge(section, passage, drawing));
      return 0;
    }
    return (await this.#drawFrame(section, passage, drawing)) ? 1 : 0;
  }

  /** @param {HTMLElement} section @param {Passage} passage @param {Drawing} drawing @returns {Promise<boolean>} false if only the text can be shown */
  async #drawFrame(section, passage, drawing) {
    const prepared = await prepareMail(passage.markup ?? "", this.#pictureFinder(passage.path), drawing.slices);
    drawing.signal.throwIfAborted();
    drawing.blocked += prepared?.blocked ?? 1;
    if (!prepared) return false;
    const frame = markupFrame(prepared.document, { class: "markup", title: this.#words.markup });
    frame.style.blockSize = `min(55vb, ${heightFor(passage)}px)`;
    section.append(frame);
    for (const { url, place } of prepared.links) drawing.links.set(url, place);
    return true;
  }

  /**
   * The note instead of markup that could freeze the page. If the freeze would be short, the note has a button that shows the
   * markup.
   * @param {HTMLElement} section @param {Passage} passage @param {Drawing} drawing
   */
  #createTooLarge(section, passage, drawing) {
    const words = this.#words;
    const markup = passage.markup ?? "";
    const isFar = !mayBeWithin(markup, ON_PRESS);
    const status = html("p", { role: "status", text: isFar ? words.markupFarOver : words.markupOver });
    const button = html("button", {
      type: "button", text: words.markupAnyway, data: { test: "markup-anyway" },
      on: { click: () => showNext(button, show, drawing) },
    });
    const show = async () => {
      const formatted = html("div");
      if (!(await isWithin(markup, ON_PRESS, drawing.slices)) || !(await this.#drawFrame(formatted, passage, drawing))) {
        status.textContent = words.markupFarOver;
        button.remove();
        return;
      }
      drawing.waiting = drawing.waiting.filter((part) => part.passage !== passage);
      section.replaceChildren(...formatted.children);
      this.#showCoverage(section);
      if (drawing.waiting.length === 0) this.element.querySelector(".more-text")?.remove();
      this.#showNotes(drawing);
    };
    return html("div", { class: "note too-large", data: { test: "too-large" } }, status, isFar ? null : button);
  }

  /** The notice that the mail is longer, with the button for its next part. @param {Drawing} drawing */
  #createMore(drawing) {
    if (drawing.waiting.length === 0) return [];
    const words = this.#words;
    const button = html("button", {
      type: "button", text: words.moreText, data: { test: "more-text" }, on: { click: () => showNext(button, show, drawing) },
    });
    const notice = html("div", { class: "more-text" }, html("p", { class: "note", text: words.textIsLong }), button);
    const show = async () => {
      const before = this.element.querySelectorAll(".text, iframe").length;
      const onSection = (/** @type {HTMLElement} */ section) => notice.before(section);
      await this.#drawParts(drawing, { pieces: PIECES_OF_A_PRESS, step: PIECES_OF_A_FRAME, onSection });
      this.#focusOn(before);
      button.disabled = false;
      if (drawing.waiting.length === 0) notice.remove();
      this.#showNotes(drawing);
    };
    return [notice];
  }

  /** Moves the focus to the first new box of text, because the pressed button may be gone. @param {number} index */
  #focusOn(index) {
    const box = /** @type {HTMLElement | undefined} */ (this.element.querySelectorAll(".text, iframe")[index]);
    if (!box || box.localName === "iframe") return;
    box.tabIndex = -1;
    box.focus({ preventScroll: true });
  }

  /** Shows the notices below the verdict, and the list of links. @param {Drawing} drawing */
  #showNotes({ blocked, links }) {
    const words = this.#words;
    const hasManyMarks = this.element.querySelector("[data-cut]") !== null;
    this.notes.replaceChildren(
      ...(blocked ? [html("p", { class: "note", text: words.blocked, data: { test: "blocked" } })] : []),
      ...(hasManyMarks ? [html("p", { class: "note", text: words.manyMarks, data: { test: "many-marks" } })] : []),
    );
    const rowOf = (/** @type {[string, string]} */ [url, place]) =>
      html("li", {}, html("strong", { dir: "ltr", text: place }), " ", linkTo(url, url));
    const list = links.size > 0 ? [linkList({ links: words.links, more: words.moreRows }, [...links], rowOf)] : [];
    this.links.replaceChildren(...list);
  }

  /**
   * Returns a function that finds a picture by its Content-ID. It finds only pictures covered by the same signatures and
   * encryption as the text that shows them.
   * @param {string} path
   */
  #pictureFinder(path) {
    let left = MAX_PICTURE_BYTES;
    const covers = this.#coversOf(path);
    /** @type {Map<string, number> | null} */
    let pictures = null;
    return async (/** @type {string} */ contentId) => {
      pictures ??= this.#indexPictures(covers);
      const index = pictures.get(contentId) ?? -1;
      const file = this.#mail.files[index];
      if (!file || file.size > left) return null;
      left -= file.size;
      return dataUrl(await this.#readFile(index), file.type);
    };
  }

  /** The index of the first picture with each Content-ID that these parts cover. @param {string} covers */
  #indexPictures(covers) {
    const pictures = new Map();
    for (const [index, { contentId, type, path }] of this.#mail.files.entries()) {
      if (isPicture(type) && !pictures.has(contentId) && this.#coversOf(path) === covers) pictures.set(contentId, index);
    }
    return pictures;
  }

  /** The paths of the protected parts that contain the part at this path. @param {string} path */
  #coversOf(path) {
    return this.#covering(path).map((part) => part.path).join(" ");
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
   * If the mail has separately protected parts, shows above a part the signature that covers only this part, or a note that no
   * signature covers it.
   * @param {Element} section
   */
  #showCoverage(section) {
    section.querySelector(".coverage")?.remove();
    const path = /** @type {HTMLElement} */ (section).dataset.path ?? "";
    // The text of the whole mail is not a single part, so no note is shown above it.
    if (this.#coverage.parts.length === 0 || !this.#mail.passages.some((passage) => passage.path === path)) return;
    const covering = this.#covering(path);
    if (covering.length === 0 && this.#coverage.isWholeSigned) return;
    section.setAttribute("data-covered", String(covering.length > 0));
    const sentence = covering.map((part) => part.sentence).join(" ") || this.#words.uncovered;
    section.prepend(html("p", { class: "coverage", dir: "auto", text: sentence, data: { test: "coverage" } }));
  }
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

/**
 * Draws the next part of a text. Returns the number of its pieces.
 * @param {HTMLElement} section @param {Waiting} next @param {Map<string, string>} links @param {number} pieces
 */
function drawText(section, next, links, pieces) {
  const { end, count } = takePieces(next.passage.text, next.from, pieces);
  section.append(createTextBox(next.passage.text.slice(next.from, end), links));
  next.from = end;
  return Math.max(count, LEAST_PIECE);
}

/**
 * Shows what the pressed button offers. The end of work on a closed mail is no error.
 * @param {HTMLButtonElement} button @param {() => Promise<void>} show @param {Drawing} drawing
 */
async function showNext(button, show, { signal }) {
  button.disabled = true;
  await show().catch((error) => {
    if (!signal.aborted) throw error;
  });
}
