/**
 * The words of the shown message. Formatted parts are in frames without scripts, forms and origin, below the state and the
 * header fields, which the frames cannot cover. The person can choose the plain text instead.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { MailText } from "../../../../wasm_build/ui/mail_text.js";
import { wordsOfSize } from "../../../../wasm_build/ui/words_of_size.js";
import { describeCoverage } from "../../../../wasm_build/ui/protected_parts.js";
import { loadSanitiser } from "../../app/sanitiser.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {Pick<import("../../keys/mail_vault.js").OpenedMessage, "report" | "text" | "passages" | "attachments">} ReadMessage */

/**
 * @param {Catalogue} translate
 * @param {ReadMessage} opened
 */
export function createMessageText(translate, opened) {
  const element = html("div", { class: "body passages" });
  const files = opened.attachments.map(({ data, ...facts }) => ({ ...facts, size: data.byteLength }));
  const { passages, text } = opened;
  const shown = new MailText(element, { passages, text, files }, {
    words: wordsFor(translate), coverage: coverageOf(translate, opened),
    readFile: async (/** @type {number} */ index) => opened.attachments[index].data.slice(0),
  });
  const failure = html("p", { class: "note", role: "status", data: { test: "text-note" } });
  let asText = !shown.hasMarkup;
  const draw = async () => {
    failure.textContent = "";
    if (!asText) await loadSanitiser();
    await shown.draw({ asText });
  };
  const drawOrText = () => draw().catch(async () => {
    // The message was closed meanwhile, and its pictures were overwritten.
    if (!element.isConnected) return;
    asText = true;
    await shown.draw({ asText });
    failure.textContent = translate("formatting_failed");
    turn.textContent = translate("show_formatted");
  });
  const turn = html("button", {
    type: "button", class: "quiet", text: translate(asText ? "show_formatted" : "show_as_text"), data: { test: "as-text" },
    on: {
      click: () => {
        asText = !asText;
        turn.textContent = translate(asText ? "show_formatted" : "show_as_text");
        void drawOrText();
      },
    },
  });
  void drawOrText();
  const tools = shown.hasMarkup ? html("div", { class: "actions text-tools" }, turn, failure) : null;
  return {
    parts: [tools, shown.notes, element, shown.links].filter((part) => part !== null),
    judge: (/** @type {ReadMessage} */ settled) => shown.judge(coverageOf(translate, settled)), close: () => shown.close(),
  };
}

/** @param {Catalogue} translate @param {ReadMessage} opened */
function coverageOf(translate, { report }) {
  const signed = (/** @type {string} */ word, /** @type {string} */ who) => translate("passage_signed", { word, who });
  return describeCoverage(report, translate, { signed, encrypted: translate("passage_encrypted") });
}

/** @param {Catalogue} translate @returns {import("../../../../wasm_build/ui/mail_text.js").Words} */
function wordsFor(translate) {
  return {
    markup: translate("formatted_text_title"), blocked: translate("remote_left_out"), uncovered: translate("passage_uncovered"),
    empty: translate("no_text"), links: translate("links_lead_to"), ...wordsOfSize(translate),
  };
}
