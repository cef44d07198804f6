/** All that a certificate says about itself, row by row, by the vault's `certificate.page`. */

import { html } from "./dom.js";

/** @typedef {{title: string, rows: {code: string, label: string, values: string[]}[]}} CertificatePage */

/** What is read sign by sign: figures and addresses, from left to right in every language. */
const FIGURES = new Set(["sha256", "sha1", "serial-number"]);

/** @param {CertificatePage} page */
export function createCertificateRows({ rows }) {
  return html("dl", { class: "facts certificate-rows", data: { test: "certificate-rows" } }, ...rows.flatMap(
    ({ code, label, values }) => [
      html("dt", { text: label.charAt(0).toLocaleUpperCase() + label.slice(1) }),
      ...values.map((value) => html("dd", {
        class: FIGURES.has(code) ? "fingerprint" : "", dir: FIGURES.has(code) ? "ltr" : "auto", text: value,
      })),
    ],
  ));
}
