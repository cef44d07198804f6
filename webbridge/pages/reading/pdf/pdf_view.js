/**
 * The preview of a PDF file: its pages as pictures, with their words for screen readers. The pages load this script when
 * the first PDF file is previewed. The browser refuses the script if its bytes are not those of the build.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { PDF_WORKER_INTEGRITY } from "../../../../wasm_build/vault/owner/pinned.js";
import { MAX_SHOWN_PAGES } from "./pdf_limits.js";
import { PdfPages } from "./pdf_pages.js";
import { PdfError, PdfReader } from "./pdf_reader.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{
 *   translate: Catalogue, data: ArrayBuffer, name: string, code: string,
 *   fill: (frame: HTMLIFrameElement, source: string) => void,
 * }} Given `fill` fills the frame; `code` is the worker's script
 */
/** @typedef {{element: HTMLElement, end: () => void}} PdfView */
/** @typedef {{loadCode: () => Promise<string>, createView: (given: Given) => PdfView}} PdfPreview */

const WORKER = "pdf_worker.js";
const ZOOMS = [1, 1.5, 2, 3];
/** @type {Readonly<Record<string, string>>} */
const SENTENCES = { password: "pdf_password", slow: "pdf_slow" };

/** The script of the worker. Rejects if the script does not come, or its hash differs from the build's. */
async function loadCode() {
  const ask = (/** @type {RequestCache} */ cache) =>
    fetch(new URL(WORKER, document.baseURI), { cache, integrity: PDF_WORKER_INTEGRITY, redirect: "error" });
  // The browser refuses a copy that is damaged or of another version.
  const response = await ask("default").catch(() => ask("reload"));
  if (!response.ok) throw new TypeError(`${WORKER} did not come`);
  return response.text();
}

/** @param {Given} given @returns {PdfView} */
function createView({ translate, data, name, code, fill }) {
  const reader = new PdfReader();
  const status = html("p", { class: "note", role: "status", text: translate("pdf_opening"), data: { test: "pdf-status" } });
  const problem = html("p", { class: "problem", role: "alert", data: { test: "pdf-problem" } });
  const region = html("div", {
    class: "pdf-pages", tabindex: 0, role: "region", "aria-label": name, hidden: true, data: { test: "pdf-pages" },
  });
  const bar = html("div", { class: "pdf-bar" }, status);
  /** @type {PdfPages | null} */
  let pages = null;
  const fail = (/** @type {unknown} */ error) => {
    const reason = error instanceof PdfError ? error.reason : "broken";
    if (reason === "ended") return;
    if (!pages) status.textContent = "";
    problem.textContent = translate(SENTENCES[reason] ?? "pdf_failed");
  };
  const show = async () => {
    // A copy leaves this page, so that the attachment can still be saved.
    const { pages: count, width, height } = await reader.open({ code, bytes: data.slice(0), fill });
    region.hidden = false;
    status.textContent = translate("pdf_pages", { count });
    const shown = Math.min(count, MAX_SHOWN_PAGES);
    if (shown < count) status.textContent += ` ${translate("pdf_cut", { count: shown })}`;
    pages = new PdfPages(region, { count: shown, ratio: width / height }, {
      draw: (page, pixels) => reader.draw(page, pixels), onEnd: fail,
      labels: { page: (number) => translate("pdf_page", { number, count }), failed: translate("pdf_page_failed") },
    });
    bar.append(...createZoom(translate, region, pages));
  };
  show().catch(fail);
  return {
    element: html("div", { class: "pdf-preview" }, bar, problem, region),
    end: () => {
      reader.end();
      pages?.end();
    },
  };
}

/** The buttons that make the pages wider than the dialog, and narrower. @param {Catalogue} translate @param {HTMLElement} region @param {PdfPages} pages */
function createZoom(translate, region, pages) {
  let chosen = 0;
  const [smaller, larger] = [-1, 1].map((step) => {
    const key = step < 0 ? "pdf_smaller" : "pdf_larger";
    return html("button", { type: "button", text: translate(key), data: { test: key.replace("_", "-") }, on: { click: () => choose(chosen + step) } });
  });
  /** @param {number} index */
  const choose = (index) => {
    chosen = Math.min(Math.max(index, 0), ZOOMS.length - 1);
    const before = region.scrollTop / region.scrollHeight;
    region.style.setProperty("--pdf-zoom", String(ZOOMS[chosen]));
    region.scrollTop = before * region.scrollHeight;
    smaller?.setAttribute("aria-disabled", String(chosen === 0));
    larger?.setAttribute("aria-disabled", String(chosen === ZOOMS.length - 1));
    pages.redraw();
  };
  choose(0);
  return [smaller, larger].filter((button) => button !== undefined);
}

/** @type {PdfPreview} */
const preview = { loadCode, createView };
Object.assign(globalThis, { sealwaxPdf: preview });
