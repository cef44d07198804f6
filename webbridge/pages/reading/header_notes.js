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
  return [
    ...createNote(translate, "headers_hidden", lockMark("", { size: 20 }), hidden),
    ...createNote(translate, "headers_outside", leavingMark({ sign: false, encrypt: false }), outside),
  ];
}

/**
 * @param {Catalogue} translate
 * @param {string} key of the sentence
 * @param {SVGElement} mark
 * @param {string[]} names of the fields
 */
function createNote(translate, key, mark, names) {
  if (names.length === 0) return [];
  mark.setAttribute("aria-hidden", "true");
  const text = translate(key, { fields: listOf(names.map((name) => translate(`field_${name}`)), translate) });
  return [html("p", { class: "header-note", data: { test: key.replace("_", "-") } }, mark, html("span", { text }))];
}
