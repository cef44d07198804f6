/**
 * Draws all entries of a form before the person signs it. Hidden entries come first. Names and labels are the page's
 * words. Invisible characters are made visible.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { exactSize } from "../../wasm_build/ui/formats.js";
import { translate } from "../texts/texts.js";
import { countMarks, visibleText } from "./visible_text.js";

/** Longer values may need scrolling, so the keyboard can focus them. */
const LONG_CHARACTERS = 300;

/** @typedef {import("../background/pages/forms.js").SubmittedForm} SubmittedForm */
/** @typedef {FormEntry & {number: number, repeats: number}} NumberedEntry */

/**
 * @param {SubmittedForm} form
 * @returns {HTMLElement[]}
 */
export function formSections(form) {
  const entries = numberEntries(form.entries);
  const hidden = entries.filter((entry) => entry.hidden);
  const seen = entries.filter((entry) => !entry.hidden);
  const marks = countMarks();
  return [
    targetSection(form),
    ...(hidden.length ? [entriesSection("form_hidden", "form_hidden_hint", hidden, { name: "hidden-entries", marks })] : []),
    ...(seen.length || !hidden.length ? [entriesSection("form_seen", seen.length ? "form_seen_hint" : "form_empty", seen, { name: "seen-entries", marks })] : []),
    detailsOf(form),
  ];
}

/** @param {FormEntry[]} entries @returns {NumberedEntry[]} */
function numberEntries(entries) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { name } of entries) counts.set(name, (counts.get(name) ?? 0) + 1);
  return entries.map((entry, index) => ({ ...entry, number: index + 1, repeats: counts.get(entry.name) ?? 1 }));
}

/** @param {SubmittedForm} form */
function targetSection({ origin, action, submitter }) {
  const elsewhere = new URL(action).origin !== origin;
  return html("section", { class: "form-target" },
    html("div", {}, html("span", { class: "muted", text: translate("form_sent_to") }),
      html("span", { class: "form-action", tabindex: 0, dir: "ltr", text: action, data: { test: "action" } })),
    elsewhere && html("p", { class: "warning", text: translate("form_elsewhere"), data: { test: "elsewhere" } }),
    submitter.length > 0 && html("div", {}, html("span", { class: "muted", text: translate("form_button") }), html("br"),
      html("bdi", { class: "form-submitter" }, ...visibleText(submitter[1] || submitter[0]))));
}

/**
 * @param {string} title @param {string} hint @param {NumberedEntry[]} entries
 * @param {{name: string, marks: import("./visible_text.js").Marks}} options
 */
function entriesSection(title, hint, entries, { name, marks }) {
  return html("section", {}, html("h2", { text: translate(title, { count: entries.length }) }),
    html("p", { class: "muted", text: translate(hint) }),
    html("ul", { class: "list form-entries", data: { test: name } }, ...entries.map((entry) => entryCard(entry, marks))));
}

/** @param {NumberedEntry} entry @param {import("./visible_text.js").Marks} marks */
function entryCard({ number, name, value, label, size, sha256, repeats }, marks) {
  const isFile = size !== undefined;
  const shown = value === "" && !isFile
    ? html("div", { class: "muted", text: translate("form_nothing") })
    : html("div", { class: "form-value", tabindex: value.length > LONG_CHARACTERS && 0, dir: "auto" }, ...visibleText(isFile && value === "" ? translate("form_no_file") : value, marks));
  return html("li", { class: "form-entry", data: { test: "entry" } },
    html("div", { class: "form-name" },
      html("span", { class: "muted", text: `${number}.`, "aria-hidden": "true" }), " ",
      label && html("bdi", { class: "name" }, ...visibleText(label, marks)), label && " ",
      html("bdi", { class: label ? "muted" : "name" }, ...visibleText(name, marks)),
      repeats > 1 && html("span", { class: "muted", text: ` ${translate("form_repeats", { count: repeats })}` })),
    shown,
    isFile && value !== "" && html("div", { class: "muted" }, exactSize(size)),
    isFile && value !== "" && html("div", { class: "fingerprint", dir: "ltr", text: `SHA-256 ${sha256}` }));
}

/** @param {SubmittedForm} form */
function detailsOf({ topOrigin, method, enctype, nonce }) {
  const rows = [
    [translate("form_top"), topOrigin], [translate("form_method"), `${method.toUpperCase()} ${enctype}`],
    [translate("form_nonce"), nonce || translate("form_nothing")], [translate("form_expiry"), translate("form_expiry_value")],
  ];
  return html("details", { data: { test: "form-details" } }, html("summary", { text: translate("details") }),
    html("dl", { class: "form-details" }, ...rows.flatMap(([name, value]) => [
      html("dt", { class: "muted", text: name }), html("dd", { dir: "auto" }, ...visibleText(value)),
    ])));
}
