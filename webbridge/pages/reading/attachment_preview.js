/**
 * Previews of attachments. Pictures are in a frame without scripts and origin. A worker without an origin draws the pages
 * of PDF files as pictures. Of texts, the beginning is shown. Files of other types can only be saved.
 *
 * A preview closes with the message, because it shows decrypted content.
 */

import { html, openReading } from "../../../wasm_build/ui/dom.js";
import { isPicture } from "../../../wasm_build/ui/mail_markup.js";
import { fillLongText } from "../../../wasm_build/ui/text_pieces.js";
import { withFewMarks } from "../../../wasm_build/ui/bounded_text.js";
import { dataUrl } from "../../../wasm_build/ui/mail_text.js";
import { markupFrame } from "../../../wasm_build/ui/markup_frame.js";
import { writeDocument } from "../../../wasm_build/ui/markup_cleaner.js";
import { createPdf } from "./pdf_preview.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../../wasm_build/ui/attachments.js").Attachment} Attachment */

/** The largest picture or PDF file that is shown. */
const MAX_SHOWN_BYTES = 20_000_000;
const SHOWN_TEXT_BYTES = 1_048_576;
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const STYLE = "html,body{height:100%;margin:0;background:#fff}body{display:grid;place-items:center}"
  + "img{max-width:100%;max-height:100vh;object-fit:contain}";
const PDF = /^application\/pdf$/iu;
/** The type that mail programs give to a file that they do not know. */
const UNKNOWN = /^application\/octet-stream$/iu;
const PDF_NAME = /\.pdf$/iu;
const TEXT = /^text\//iu;
const TEXT_NAME = /\.(txt|csv|log|md)$/iu;

/** The preview that is open. @type {HTMLDialogElement | null} */
let shown = null;
/** The number of closings. A preview that was requested before the last closing does not appear. */
let closings = 0;

/** Closes the preview, if there is one. */
export function closePreview() {
  closings += 1;
  shown?.close();
  shown = null;
}

/**
 * @param {Attachment} attachment
 * @returns {"picture" | "pdf" | "text" | null} null for a file without a preview
 */
export function previewKind({ name, type, data }) {
  const isSmall = data.byteLength <= MAX_SHOWN_BYTES;
  if (isPicture(type.toLowerCase())) return isSmall ? "picture" : null;
  if (PDF.test(type) || (UNKNOWN.test(type) && PDF_NAME.test(name))) return isSmall ? "pdf" : null;
  return TEXT.test(type) || TEXT_NAME.test(name) ? "text" : null;
}

/**
 * @param {Catalogue} translate
 * @param {Attachment} attachment
 * @param {string} name the name to show
 */
export async function openPreview(translate, attachment, name) {
  const kind = previewKind(attachment);
  const before = closings;
  const pdf = kind === "pdf" ? await createPdf(translate, { data: attachment.data, name }) : null;
  const content = pdf ? [pdf.element]
    : kind === "picture" ? [await createPicture(attachment, name)] : createText(translate, attachment.data, name);
  if (closings !== before) return pdf?.end();
  closePreview();
  shown = openReading(translate, name, content, { test: "preview" });
  if (pdf) shown.addEventListener("close", pdf.end);
}

/** @param {Attachment} attachment @param {string} name */
async function createPicture({ type, data }, name) {
  const root = document.implementation.createHTMLDocument("");
  const picture = root.createElement("img");
  picture.setAttribute("src", await dataUrl(data, type.toLowerCase()));
  root.body.append(picture);
  const source = (await writeDocument(root, { policy: POLICY, style: STYLE })) ?? "";
  const frame = markupFrame(source, { class: "preview-picture", title: name });
  // A frame with the focus would get the Escape key too.
  frame.inert = true;
  return html("div", { role: "img", "aria-label": name }, frame);
}

/** @param {Catalogue} translate @param {ArrayBuffer} data @param {string} name */
function createText(translate, data, name) {
  const isCut = data.byteLength > SHOWN_TEXT_BYTES;
  const text = new TextDecoder().decode(data.slice(0, SHOWN_TEXT_BYTES));
  return [
    isCut ? html("p", { class: "note", text: translate("preview_cut"), data: { test: "preview-cut" } }) : null,
    ...fillLongText(html("pre", {
      class: "preview-text", dir: "auto", translate: "no", tabindex: 0, role: "region", "aria-label": name,
      data: { test: "preview-text" },
    }), withFewMarks(text), translate("text_more")),
  ];
}
