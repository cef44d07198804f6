/**
 * Recipes. The person has taught the extension how to find the source of a webmail's mails, and which form the webmail
 * has for writing. A recipe is data. It is used only when the person clicks, and its addresses are checked like any
 * other address.
 */
import { ask } from "../background_link.js";
import { findSelected } from "./selectors.js";
import { isInMailText, ownBaseOf } from "./mail_text.js";
import { addressesOf, addressOf } from "./source_links.js";
import { fillTemplate } from "./templates.js";

/** @typedef {import("./shown_parts.js").ShownPart} ShownPart */
/**
 * The selector and the address template of the link to the source. Each can be "".
 * @typedef {{selector: string, template: string}} SourceRecipe
 */
/**
 * The selectors of the fields of a form for mail. Each can be "".
 * @typedef {{to: string, cc: string, subject: string, text: string, file: string}} FormRecipe
 */

/**
 * The recipe for this site, with "" for texts that were not taught.
 * @returns {Promise<{source: SourceRecipe, form: FormRecipe}>}
 */
export function readRecipe() {
  return ask("recipe.read", {});
}

/**
 * The addresses from which a template is filled. A link in a mail's text does not count as the attachment's link.
 * @param {ShownPart} part @returns {import("./templates.js").Places}
 */
export function placesOf({ link }) {
  return { part: link && !isInMailText(link) ? addressOf(link.href, ownBaseOf(link)) : null, page: new URL(location.href) };
}

/**
 * The addresses to which a recipe leads for this mail. A selector that finds links to several addresses may have found
 * a link of the mail's text.
 * @param {SourceRecipe} recipe @param {Document[]} documents @param {ShownPart} part @returns {URL[]}
 */
export function taughtLinks({ selector, template }, documents, part) {
  const elements = findSelected(selector, documents);
  const linked = elements.some(isInMailText) ? [] : elements.flatMap(addressesOf);
  const isOne = linked.every(({ href }) => href === linked[0].href);
  const filled = template ? fillTemplate(template, placesOf(part)) : null;
  return [...(isOne ? linked.slice(0, 1) : []), ...(filled ? [filled] : [])];
}
