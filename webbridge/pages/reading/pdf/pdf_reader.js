/**
 * Reads a PDF file in a frame without an origin. Nothing of the library runs in the page itself, and what the frame's worker
 * sends is checked here. If a file takes too long, or never ends, the frame is removed together with its worker. The same
 * happens if the worker sends something that was not requested, since that could fill the memory of the page.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { loadFrame } from "./pdf_frame.js";
import { MAX_AREA_PIXELS, MAX_SIDE_PIXELS, MAX_TEXT_CHARACTERS } from "./pdf_limits.js";

/** @typedef {"password" | "broken" | "slow" | "page" | "ended"} Reason */
/** @typedef {{pages: number, width: number, height: number}} Opened the number of pages, and the size of the first */
/** @typedef {{bitmap: ImageBitmap, text: string}} Drawn */

/** A worker that does not start within this time has failed without a report. */
const START_MILLISECONDS = 30_000;
/** The times that opening a file and drawing a page may take. Real files take a second on a slow telephone. */
const OPEN_MILLISECONDS = 20_000;
const DRAW_MILLISECONDS = 20_000;

/** The error for a file or a page that cannot be shown. */
export class PdfError extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(`the PDF file is not shown: ${reason}`);
    this.reason = reason;
  }
}

export class PdfReader {
  #frame = html("iframe", { sandbox: "allow-scripts", referrerpolicy: "no-referrer", hidden: true, data: { test: "pdf-frame" } });
  /** @type {MessagePort | null} */
  #port = null;
  /** The port on which the frame reports a worker that does not start. @type {MessagePort | null} */
  #alarm = null;
  /** The reason why the frame was removed. @type {Reason | null} */
  #end = null;
  /** @type {{type: string, resolve: (answer: any) => void, reject: (error: PdfError) => void, timer: number} | null} */
  #waiting = null;

  /**
   * Opens a file. Its bytes are transferred to the frame.
   * @param {{code: string, bytes: ArrayBuffer, fill: (frame: HTMLIFrameElement, source: string) => void}} given
   * @returns {Promise<Opened>} rejects with PdfError
   */
  async open({ code, bytes, fill }) {
    await loadFrame(this.#frame, fill);
    if (this.#end) throw new PdfError(this.#end);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#take(data);
    const alarm = new MessageChannel();
    this.#alarm = alarm.port1;
    // A browser that does not know the library's JavaScript cannot start it. The library itself reports later errors.
    this.#alarm.onmessage = () => { if (this.#waiting?.type === "ready") this.#give("broken"); };
    const ready = this.#answer("ready", START_MILLISECONDS, "broken");
    // Only "*" can address a frame without an origin. No policy lets the frame load another document.
    this.#frame.contentWindow?.postMessage({ code, bytes }, "*", [bytes, port2, alarm.port2]);
    await ready;
    const { pages, width, height } = await this.#answer("opened", OPEN_MILLISECONDS);
    if (![pages, width, height].every((measure) => Number.isFinite(measure) && measure > 0)) throw this.#give("broken");
    return { pages: Math.floor(pages), width, height };
  }

  /**
   * Draws a page. One page is drawn at a time.
   * @param {number} page from 1 @param {number} width in pixels
   * @returns {Promise<Drawn>} rejects with PdfError
   */
  async draw(page, width) {
    const answer = this.#answer("drawn", DRAW_MILLISECONDS);
    this.#port?.postMessage({ page, width });
    const { page: drawn, bitmap, text } = await answer;
    if (drawn !== page || !isPicture(bitmap) || !isText(text)) throw this.#give("broken");
    return { bitmap, text };
  }

  /** Ends the worker and the frame. A promise that waits for an answer is rejected. */
  end() {
    this.#give("ended");
  }

  /** @param {string} type @param {number} milliseconds @param {Reason} [late] @returns {Promise<any>} */
  #answer(type, milliseconds, late = "slow") {
    if (this.#end) return Promise.reject(new PdfError(this.#end));
    return new Promise((resolve, reject) => {
      this.#waiting = { type, resolve, reject, timer: setTimeout(() => this.#give(late), milliseconds) };
    });
  }

  /** Handles a message of the worker, which answers each question once. @param {any} data */
  #take(data) {
    if (this.#end) return;
    const type = this.#waiting?.type;
    if (type && data?.type === type) this.#stopWaiting()?.resolve(data);
    else if (type === "drawn" && data?.type === "undrawn") this.#stopWaiting()?.reject(new PdfError("page"));
    else this.#give(data?.type === "failed" && data.reason === "password" ? "password" : "broken");
  }

  /** Ends the reading of the file. @param {Reason} reason */
  #give(reason) {
    const error = new PdfError(reason);
    this.#end = reason;
    this.#port?.close();
    this.#alarm?.close();
    this.#frame.remove();
    this.#stopWaiting()?.reject(error);
    return error;
  }

  #stopWaiting() {
    const waiting = this.#waiting;
    clearTimeout(waiting?.timer);
    this.#waiting = null;
    return waiting;
  }
}

/** @param {unknown} value @returns {value is ImageBitmap} */
function isPicture(value) {
  return value instanceof ImageBitmap && Math.max(value.width, value.height) <= MAX_SIDE_PIXELS
    && value.width * value.height <= MAX_AREA_PIXELS;
}

/** @param {unknown} value @returns {value is string} */
function isText(value) {
  return typeof value === "string" && value.length <= MAX_TEXT_CHARACTERS;
}
