/** The section "View source". It shows the bytes of the message that were judged, as plain text. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { Slices } from "../../../../wasm_build/ui/slices.js";
import { fillLongText } from "../../../../wasm_build/ui/text_pieces.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: Catalogue, sentenceFor: SentenceFor}} SourceServices */

const SHOWN_BYTES = 262_144;
/**
 * Control characters, invisible characters (some are letters or marks), and characters that change the direction of writing.
 */
const UNSEEN = /[^\p{L}\p{M}\p{N}\p{P}\p{S} \t\n]|[\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * @param {SourceServices} services
 * @param {() => Promise<ArrayBuffer>} readSource
 */
export function createSourceView(services, readSource) {
  const { translate } = services;
  const content = html("div", { class: "stack" });
  const details = html("details", { class: "source", data: { test: "source" }, on: { toggle: () => void show() } },
    html("summary", { text: translate("view_source"), data: { test: "view-source" } }), content);
  return details;

  async function show() {
    if (!details.open || content.firstChild) return;
    const failure = problem("source-error");
    content.replaceChildren(html("p", { class: "note", role: "status", text: translate("source_loading") }), failure);
    try {
      content.replaceChildren(...(await describe(translate, await readSource())));
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
      // After a failure, the source is read again when the section is opened again.
      content.replaceChildren(failure);
      details.addEventListener("toggle", () => content.replaceChildren(), { once: true });
    }
  }
}

/**
 * @param {Catalogue} translate
 * @param {ArrayBuffer} bytes
 */
async function describe(translate, bytes) {
  const isCut = bytes.byteLength > SHOWN_BYTES;
  const text = new TextDecoder().decode(bytes.slice(0, SHOWN_BYTES)).replace(/\r\n/g, "\n").replace(UNSEEN, codePoint);
  // A text of control characters is eight times as long now, so the rest of the work is done in later tasks.
  await new Slices().end();
  return [
    html("p", { class: "note", text: translate("source_meaning") }),
    isCut ? html("p", { class: "note", text: translate("source_cut", { count: SHOWN_BYTES / 1024 }), data: { test: "source-cut" } }) : null,
    ...fillLongText(html("pre", {
      class: "source-text", dir: "ltr", translate: "no", tabindex: 0, role: "region", "aria-label": translate("view_source"),
      data: { test: "source-text" },
    }), text, translate("text_more")),
  ].filter((part) => part !== null);
}

/** @param {string} character */
function codePoint(character) {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`;
}
