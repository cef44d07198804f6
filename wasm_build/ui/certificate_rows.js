/**
 * The rows with a certificate's content, from the vault's `certificate.page`. Labels and values with a code are shown in the
 * catalogue's words, all others in the core's text.
 */

import { html, sentenceNodes } from "./dom.js";
import { exactMoment, isolate, technical } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{text: string, code: string, values: Record<string, string>}} PageValue */
/** @typedef {{title: string, rows: {code: string, label: string, values: PageValue[]}[]}} CertificatePage */

/** Rows with figures that people compare character by character, from left to right in every language. */
const FIGURES = new Set(["sha256", "sha1", "serial-number"]);
/** Rows in which values without a code are technical names. */
const TECHNICAL = new Set(["key", "policies", "purposes", "revocation-asked", "issuer-found"]);

/** @param {Catalogue} translate @param {CertificatePage} page */
export function createCertificateRows(translate, { rows }) {
  return html("dl", { class: "facts certificate-rows", data: { test: "certificate-rows" } }, ...rows.flatMap(
    ({ code, label, values }) => [
      html("dt", { text: labelOf(translate, code, label) }),
      ...values.map((value) => valueElement(translate, code, value)),
    ],
  ));
}

/** @param {Catalogue} translate @param {string} code @param {string} label */
function labelOf(translate, code, label) {
  const key = keyOf("row", code);
  return translate.has(key) ? translate(key) : label;
}

/** @param {Catalogue} translate @param {string} row @param {PageValue} value */
function valueElement(translate, row, value) {
  if (FIGURES.has(row)) return html("dd", { class: "fingerprint", dir: "ltr", text: value.text });
  if (value.code) return html("dd", {}, ...sentenceNodes(wordsOf(translate, value)));
  return TECHNICAL.has(row) ? html("dd", { lang: "en", dir: "ltr", text: value.text }) : html("dd", { dir: "auto", text: value.text });
}

/** @param {Catalogue} translate @param {PageValue} value */
function wordsOf(translate, { code, values }) {
  const { count, detail, kind = "", name, oid, profile, rule = "", time, url } = values;
  if (time) return exactMoment(time);
  if (count) return translate(keyOf(code), { count: Number(count) });
  if (rule) return translate(keyOf("constraint", rule), { name: nameOf(translate, kind, name ?? "") });
  return translate(keyOf(code), {
    detail: technical(detail ?? ""), oid: technical(oid ?? ""), profile: technical(profile ?? ""), url: technical(url ?? ""),
  });
}

/**
 * The words for a name in an authority's name constraints.
 * @param {Catalogue} translate @param {string} kind @param {string} name
 */
function nameOf(translate, kind, name) {
  const whom = name ? isolate(name) : translate("certificate_anybody");
  return kind === "directory" ? whom : translate(keyOf("name", kind), { name: whom });
}

/** @param {...string} codes */
function keyOf(...codes) {
  return ["certificate", ...codes].join("_").replaceAll("-", "_");
}
