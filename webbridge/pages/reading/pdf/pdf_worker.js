/*! This file contains pdf.js by the Mozilla Foundation (Apache License 2.0), with its decoders: OpenJPEG by the OpenJPEG
 * contributors (BSD 2-Clause) and the JBIG2 decoder of PDFium by the PDFium authors (BSD 3-Clause, Apache License 2.0), and with
 * the fonts FoxitSymbol and FoxitDingbats by the PDFium authors (BSD 3-Clause). */
/**
 * Draws the pages of a PDF file. It runs in a worker of a frame without an origin, whose policy admits no request.
 *
 * The worker gets the bytes of the file and a port. On the port the worker reports `ready`, then `opened` or `failed`. For
 * each requested page, it reports `drawn`, with the picture and the words of the page, or `undrawn`. The library runs no
 * script of a file, since it is given no way to run one, and opens no link, since the pages are pictures.
 */

import "../../../../node_modules/pdfjs-dist/build/pdf.worker.mjs";
import { AnnotationMode, getDocument } from "../../../../node_modules/pdfjs-dist/build/pdf.mjs";
import dingbats from "../../../../node_modules/pdfjs-dist/standard_fonts/FoxitDingbats.pfb";
import symbols from "../../../../node_modules/pdfjs-dist/standard_fonts/FoxitSymbol.pfb";
import jbig2 from "../../../../node_modules/pdfjs-dist/wasm/jbig2.wasm";
import openjpeg from "../../../../node_modules/pdfjs-dist/wasm/openjpeg.wasm";
import { MAX_AREA_PIXELS, MAX_IMAGE_PIXELS, MAX_SIDE_PIXELS, MAX_TEXT_CHARACTERS } from "./pdf_limits.js";

/** @typedef {import("../../../../node_modules/pdfjs-dist/build/pdf.mjs").PdfDocument} PdfDocument */
/** @typedef {import("../../../../node_modules/pdfjs-dist/build/pdf.mjs").PdfPage} PdfPage */

const BYTES_PER_PIXEL = 4;

/** The files of the library that this worker has. @type {Readonly<Record<string, Uint8Array>>} */
const FILES = {
  "FoxitDingbats.pfb": dingbats, "FoxitSymbol.pfb": symbols, "jbig2.wasm": jbig2, "openjpeg.wasm": openjpeg,
};

/** Canvases of a worker. The members have the names that the library asks for. */
class Canvases {
  /** @param {number} width @param {number} height */
  create(width, height) {
    const canvas = new OffscreenCanvas(width, height);
    return { canvas, context: canvas.getContext("2d", { willReadFrequently: true }) };
  }

  /** @param {{canvas: OffscreenCanvas}} entry @param {number} width @param {number} height */
  reset({ canvas }, width, height) {
    Object.assign(canvas, { width, height });
  }

  /** @param {{canvas: OffscreenCanvas | null, context: object | null}} entry */
  destroy(entry) {
    if (entry.canvas) Object.assign(entry.canvas, { width: 0, height: 0 });
    Object.assign(entry, { canvas: null, context: null });
  }

  /** @param {OffscreenCanvas} canvas */
  getNoAlphaContext(canvas) {
    return canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }
}

/** A factory without filters, because filters are elements of a document. The library then computes the same pixels itself. */
class NoFilters {
  addFilter = none;
  addHCMFilter = none;
  addAlphaFilter = none;
  addLuminosityFilter = none;
  addKnockoutFilter = none;
  addHighlightHCMFilter = none;
  destroy() {}
}

/** Gives the library the files that this worker has. No other file is fetched. */
class KeptFiles {
  /** @param {{filename: string}} asked */
  async fetch({ filename }) {
    const file = Object.hasOwn(FILES, filename) ? FILES[filename] : undefined;
    if (!file) throw new Error(`${filename} is not kept`);
    return file.slice();
  }
}

addEventListener("message", ({ data, ports: [port] }) => {
  if (port) void serve(data, port);
}, { once: true });

/** @param {ArrayBuffer} bytes @param {MessagePort} port */
async function serve(bytes, port) {
  port.postMessage({ type: "ready" });
  try {
    const pdf = await open(bytes);
    const { width, height } = (await pdf.getPage(1)).getViewport({ scale: 1 });
    port.onmessage = ({ data }) => draw(pdf, data, port);
    port.postMessage({ type: "opened", pages: pdf.numPages, width, height });
  } catch (error) {
    const isLocked = /** @type {Error} */ (error).name === "PasswordException";
    port.postMessage({ type: "failed", reason: isLocked ? "password" : "broken" });
  }
}

/** @param {ArrayBuffer} bytes @returns {Promise<PdfDocument>} */
function open(bytes) {
  return getDocument({
    data: new Uint8Array(bytes),
    CanvasFactory: Canvases,
    FilterFactory: NoFilters,
    BinaryDataFactory: KeptFiles,
    ownerDocument: { fonts: /** @type {any} */ (globalThis).fonts },
    canvasMaxAreaInBytes: MAX_IMAGE_PIXELS * BYTES_PER_PIXEL,
    disableWorkerRendering: true,
    enableXfa: false,
    maxImageSize: MAX_IMAGE_PIXELS,
    useWorkerFetch: false,
    verbosity: 0,
  }).promise;
}

/** @param {PdfDocument} pdf @param {{page: number, width: number}} asked @param {MessagePort} port */
async function draw(pdf, { page: number, width }, port) {
  try {
    const page = await pdf.getPage(number);
    const bitmap = await drawPage(page, width);
    const text = await readText(page);
    page.cleanup();
    port.postMessage({ type: "drawn", page: number, bitmap, text }, [bitmap]);
  } catch {
    port.postMessage({ type: "undrawn", page: number });
  }
}

/** @param {PdfPage} page @param {number} targetWidth the width in pixels */
async function drawPage(page, targetWidth) {
  const { width, height } = page.getViewport({ scale: 1 });
  const scale = Math.min(
    targetWidth / width, MAX_SIDE_PIXELS / width, MAX_SIDE_PIXELS / height, Math.sqrt(MAX_AREA_PIXELS / (width * height)),
  );
  const viewport = page.getViewport({ scale });
  const canvas = new OffscreenCanvas(Math.max(1, Math.floor(viewport.width)), Math.max(1, Math.floor(viewport.height)));
  const canvasContext = canvas.getContext("2d", { alpha: false });
  await page.render({ canvas: null, canvasContext, viewport, annotationMode: AnnotationMode.ENABLE }).promise;
  return canvas.transferToImageBitmap();
}

/** The words of a page in the order of the file. A page without words, such as a scanned one, has none. @param {PdfPage} page */
async function readText(page) {
  const { items } = await page.getTextContent().catch(() => ({ items: [] }));
  return items.map(({ str = "", hasEOL = false }) => (hasEOL ? `${str}\n` : str)).join("").slice(0, MAX_TEXT_CHARACTERS);
}

function none() {
  return "none";
}
