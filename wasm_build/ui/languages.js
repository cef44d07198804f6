/** The languages of Sealwax, from the list of the catalogues. */

import listed from "../../sealwax/words/languages.json" with { type: "json" };

const FACTS = Object.entries(listed);

/** The languages by their own names, in the order of the menu. @type {Record<string, string>} */
export const LANGUAGES = Object.fromEntries(FACTS.map(([tag, { name }]) => [tag, name]));

const RIGHT_TO_LEFT = new Set(FACTS.filter(([, { direction }]) => direction === "rtl").map(([tag]) => tag));

/** @param {string} locale BCP 47 @returns {boolean} whether its language is written from right to left */
export function isRightToLeft(locale) {
  return RIGHT_TO_LEFT.has(locale.split("-")[0] ?? "");
}
