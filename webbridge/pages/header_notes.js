/**
 * Which of the fields above the text were hidden on the way, and which stood outside all protection: a shape and a
 * sentence for each. Nothing is said where the state says it already.
 */

import { html } from "./runtime/ui/dom.js";
import { leavingMark, lockMark } from "./runtime/ui/state_mark.js";
import { listOf } from "./runtime/ui/formats.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./report_details.js").Report} Report */

/** The author is no field among others: the state speaks about them. */
const SHOWN_FIELDS = ["subject", "to", "cc", "date"];

/**
 * @param {App} app
 * @param {Report} report
 * @returns {HTMLElement[]}
 */
export function createHeaderNotes({ translate }, { state, headers, headerProtections }) {
  if (state === "plain" || state === "invalid") return [];
  // Without any protection of fields the list is empty.
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
    const mark = leavingMark({ sign: false, seal: false });
    notes.push(createNote("outside", mark, translate("headers_outside", { fields: words(outside) })));
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
