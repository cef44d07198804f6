/**
 * The notes on the header fields above the text: one on the encrypted fields, one on the unprotected fields. Messages
 * with the state plain or invalid get no notes, because this state already says that no protection is valid.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { leavingMark, lockMark } from "../../../wasm_build/ui/state_mark.js";
import { listOf } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./report.js").Report} Report */

/** The header fields that the notes name. From is not among them, because the state is already about the author. */
const SHOWN_FIELDS = ["subject", "to", "cc", "date"];

/**
 * @param {Catalogue} translate
 * @param {Report} report
 * @returns {HTMLElement[]}
 */
export function createHeaderNotes(translate, { state, headers, headerProtections }) {
  if (state === "plain" || state === "invalid") return [];
  // `headerProtections` is empty if no field is protected.
  const protections = new Map(
    headers.map(([name], index) => [name.toLowerCase(), headerProtections[index] ?? "unprotected"]),
  );
  /** @param {(protection: string) => boolean} matches */
  const fieldsWhere = (matches) => SHOWN_FIELDS.filter((name) => matches(protections.get(name) ?? ""));
  const hidden = fieldsWhere((protection) => protection === "encrypted-only" || protection === "signed-and-encrypted");
  const outside = fieldsWhere((protection) => protection === "unprotected");
  /** @param {string[]} names */
  const words = (names) => listOf(names.map((name) => translate(`field_${name}`)), translate);
  const notes = [];
  if (hidden.length > 0) {
    notes.push(createNote("hidden", lockMark("", { size: 20 }), translate("headers_hidden", { fields: words(hidden) })));
  }
  if (outside.length > 0) {
    notes.push(createNote(
      "outside", leavingMark({ sign: false, encrypt: false }), translate("headers_outside", { fields: words(outside) }),
    ));
  }
  return notes;
}

/**
 * @param {string} kind
 * @param {SVGElement} mark
 * @param {string} text
 */
function createNote(kind, mark, text) {
  mark.setAttribute("aria-hidden", "true");
  return html("p", { class: "header-note", data: { test: `headers-${kind}` } }, mark, html("span", { text }));
}
