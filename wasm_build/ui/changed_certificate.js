/** The notice that a known sender has a new certificate. It shows both certificates side by side, with possible reasons. */

import { disturb } from "./calm.js";
import { html, uniqueId } from "./dom.js";
import { isolate } from "./formats.js";
import { readableName } from "./shown_names.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./recipient_words.js").Certificate} Certificate */
/** @typedef {{address: string, before: Certificate, after: Certificate, sameIssuer: boolean}} Change */

/**
 * @param {Catalogue} translate
 * @param {Change} change
 * @param {{day: (iso: string) => string, onRemember: () => void}} options
 */
export function createChange(translate, { address, before, after, sameIssuer }, { day, onRemember }) {
  const id = uniqueId("changed");
  disturb();
  const remember = html("button", {
    type: "button", text: translate("changed_remember"), data: { agrees: "", test: "remember-changed" }, on: { click: onRemember },
  });
  return html(
    "section",
    { class: "changed", "aria-labelledby": id, data: { test: "changed" } },
    html("h3", { id, text: translate("changed_title", { address: isolate(address) }) }),
    html("p", { text: translate(sameIssuer ? "changed_same_issuer" : "changed_other_issuer") }),
    html(
      "div",
      { class: "changed-pair" },
      createSide(translate, translate("changed_before"), before, day),
      createSide(translate, translate("now"), after, day),
    ),
    html("div", { class: "actions" }, remember),
  );
}

/**
 * @param {Catalogue} translate
 * @param {string} title
 * @param {Certificate} certificate
 * @param {(iso: string) => string} day
 */
function createSide(translate, title, certificate, day) {
  const lines = [
    readableName(certificate.issuer),
    translate("path_valid", { from: day(certificate.notBefore), until: day(certificate.notAfter) }),
  ];
  return html(
    "div",
    {},
    html("h4", { text: title }),
    ...lines.map((text) => html("p", { dir: "auto", text })),
    html("p", { class: "fingerprint", dir: "ltr", text: groupFingerprint(certificate.fingerprint) }),
  );
}

/**
 * Writes a fingerprint in groups of four, so that two people can compare it aloud.
 * @param {string} fingerprint hexadecimal
 */
export function groupFingerprint(fingerprint) {
  return fingerprint.match(/.{1,4}/gu)?.join(" ") ?? "";
}
