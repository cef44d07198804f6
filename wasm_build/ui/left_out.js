/** The certificates of an imported file that were not added, each with its reason. */

import { html, sentenceNodes } from "./dom.js";
import { isolate } from "./formats.js";
import { leftOutInFull } from "./verdict_words.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../vault/types/verbs.js").LeftOut} LeftOut */

/** The number of certificates that are shown. A last line has the number of all others. */
const MAX_LINES = 20;

/**
 * The nodes for the certificates that were left out; none if all were added.
 * @param {Catalogue} translate
 * @param {LeftOut[]} leftOut
 * @param {string} [title]
 */
export function createLeftOut(translate, leftOut, title = translate("left_out_title")) {
  if (leftOut.length === 0) return [];
  const lines = leftOut.slice(0, MAX_LINES).map(({ name, reason }) => html("li", { data: { test: "left-out" } },
    ...sentenceNodes(translate("left_out_entry", { name: isolate(name), reason: leftOutInFull(translate, reason) }))));
  const more = leftOut.length - lines.length;
  return [
    html("p", { text: title }),
    html("ul", {}, ...lines, more > 0 ? html("li", { text: translate("left_out_more", { count: more }) }) : null),
  ];
}
