/** Loads the preview of PDF files when the first file is previewed, so that the start of the pages does not wait for it. */

import { fillScriptFrame } from "../../../wasm_build/ui/trusted_markup.js";
import { PDF_VIEW_INTEGRITY } from "../../../wasm_build/vault/owner/pinned.js";
import { pdfViewUrl } from "../../../wasm_build/vault/owner/trusted_scripts.js";
import { ApiError } from "../app/api.js";
import { lateScript } from "../app/late_script.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

const load = lateScript(pdfViewUrl, PDF_VIEW_INTEGRITY);

/**
 * The preview of a PDF file, and the function that ends it.
 * @param {Catalogue} translate
 * @param {{data: ArrayBuffer, name: string}} file `name` is shown
 * @returns {Promise<import("./pdf/pdf_view.js").PdfView>}
 */
export async function createPdf(translate, { data, name }) {
  try {
    await load();
    const { sealwaxPdf } = /** @type {{sealwaxPdf: import("./pdf/pdf_view.js").PdfPreview}} */ (/** @type {unknown} */ (globalThis));
    const code = await sealwaxPdf.loadCode();
    return sealwaxPdf.createView({ translate, data, name, code, fill: fillScriptFrame });
  } catch (error) {
    throw new ApiError("unreachable", String(error));
  }
}
