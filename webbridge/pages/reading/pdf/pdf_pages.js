/**
 * The pages of a PDF file below each other. Pages are drawn one after the other when they come into view, and again when
 * the width changes. Only a few pages that are out of view keep their pictures.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { PdfError } from "./pdf_reader.js";

/** @typedef {import("./pdf_reader.js").Drawn} Drawn */
/** @typedef {{number: number, element: HTMLElement, drawnWidth: number, isInView: boolean, isFailed: boolean}} Page */
/** @typedef {(number: number, width: number) => Promise<Drawn>} Draw */

/** The number of pictures that are kept out of view. */
const KEPT_PICTURES = 4;
/** A picture is drawn again if its width differs by more than this share. */
const WIDTH_TOLERANCE = 0.05;
/**
 * The largest height of a page as a multiple of its width, so that every page has its own place. Beyond a greatest height,
 * browsers put all elements at one place, where all pages would be in view at once.
 */
const MAX_HEIGHT_PER_WIDTH = 8;

export class PdfPages {
  /** @type {Page[]} */
  #pages;
  #options;
  #isDrawing = false;
  #watcher;
  #sizes = new ResizeObserver(() => void this.#drawNext());

  /**
   * @param {HTMLElement} region that scrolls
   * @param {{count: number, ratio: number}} shape the number of pages, and the width of the first divided by its height
   * @param {{draw: Draw, labels: {page: (number: number) => string, failed: string}, onEnd: (error: unknown) => void}} options
   */
  constructor(region, { count, ratio }, options) {
    this.#options = options;
    this.#watcher = new IntersectionObserver((entries) => this.#see(entries), { root: region, rootMargin: "50% 0px" });
    this.#pages = Array.from({ length: count }, (_, index) => this.#create(index + 1, ratio));
    region.append(...this.#pages.map(({ element }) => element));
    for (const { element } of this.#pages) this.#watcher.observe(element);
    this.#sizes.observe(region);
  }

  /** Draws the pages in view again, for their present width. */
  redraw() {
    void this.#drawNext();
  }

  /** Forgets the pictures and words. */
  end() {
    this.#watcher.disconnect();
    this.#sizes.disconnect();
    this.#pages.forEach(empty);
    this.#pages = [];
  }

  /** @param {number} number @param {number} ratio @returns {Page} */
  #create(number, ratio) {
    const element = html("section", {
      class: "pdf-page", role: "group", "aria-label": this.#options.labels.page(number), data: { test: "pdf-page" },
    });
    shape(element, ratio);
    return { number, element, drawnWidth: 0, isInView: false, isFailed: false };
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      const page = this.#pages.find(({ element }) => element === target);
      if (page) page.isInView = isIntersecting;
    }
    void this.#drawNext();
  }

  async #drawNext() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    for (let page = this.#nextPage(); page; page = this.#nextPage()) await this.#drawPage(page);
    this.#isDrawing = false;
  }

  #nextPage() {
    return this.#pages.find((page) => page.isInView && !page.isFailed && Math.abs(widthOf(page) / page.drawnWidth - 1) > WIDTH_TOLERANCE);
  }

  /** @param {Page} page */
  async #drawPage(page) {
    const width = widthOf(page);
    page.drawnWidth = width;
    try {
      const { bitmap, text } = await this.#options.draw(page.number, width);
      if (this.#pages.includes(page)) show(page, bitmap, text);
      else bitmap.close();
      this.#forgetFar(page);
    } catch (error) {
      page.isFailed = true;
      if (!(error instanceof PdfError) || error.reason !== "page") return this.#giveUp(error);
      page.element.replaceChildren(html("p", { class: "note", text: this.#options.labels.failed, data: { test: "pdf-page-failed" } }));
    }
  }

  /** Reports that the worker has ended. The drawn pages stay. @param {unknown} error */
  #giveUp(error) {
    this.#watcher.disconnect();
    this.#sizes.disconnect();
    for (const page of this.#pages) page.isFailed = true;
    this.#options.onEnd(error);
  }

  /** Empties the pages that are out of view and farthest from this one. @param {Page} page */
  #forgetFar({ number }) {
    const hidden = this.#pages.filter(({ isInView, drawnWidth, isFailed }) => !isInView && drawnWidth > 0 && !isFailed);
    const byDistance = hidden.sort((one, other) => Math.abs(one.number - number) - Math.abs(other.number - number));
    byDistance.slice(KEPT_PICTURES).forEach(empty);
  }
}

/** The width of a page in pixels of the screen. While the dialog is closed, the width that was drawn last, or 1. @param {Page} page */
function widthOf({ element, drawnWidth }) {
  return Math.round(element.clientWidth * devicePixelRatio) || drawnWidth || 1;
}

/** @param {HTMLElement} element @param {number} ratio the width divided by the height */
function shape(element, ratio) {
  element.style.aspectRatio = String(Math.max(ratio, 1 / MAX_HEIGHT_PER_WIDTH));
}

/** @param {Page} page @param {ImageBitmap} bitmap @param {string} text */
function show({ element }, bitmap, text) {
  const { width, height } = bitmap;
  const canvas = html("canvas", { width, height, "aria-hidden": "true" });
  canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
  shape(element, width / height);
  clear(element);
  element.append(canvas, html("p", { class: "visually-hidden", dir: "auto", translate: "no", text, data: { test: "pdf-words" } }));
}

/** @param {Page} page */
function empty(page) {
  clear(page.element);
  page.drawnWidth = 0;
}

/** Frees the memory of a picture at once. @param {HTMLElement} element */
function clear(element) {
  for (const canvas of element.querySelectorAll("canvas")) Object.assign(canvas, { width: 0, height: 0 });
  element.replaceChildren();
}
