/**
 * Recipes: the way to the source of a webmail's mails, and the form in which it writes them, as the person has taught
 * them. A recipe is data. It is used only at a click, and what it leads to counts only as any other address does.
 */
import { ask } from "../background_link.js";
import { findSelected } from "./selectors.js";
import { addressesOf, addressOf, isChanging } from "./source_links.js";
import { fillTemplate } from "./templates.js";

/** @typedef {import("./shown_parts.js").ShownPart} ShownPart */
/** The selector of the source's link, and the template of its address. Each can be "". @typedef {{selector: string, template: string}} SourceRecipe */
/**
 * The selectors of the fields of a form for mail. Each can be "".
 * @typedef {{to: string, cc: string, subject: string, text: string, file: string}} FormRecipe
 */

/** The recipe for this site, empty where the person has taught nothing. @returns {Promise<{source: SourceRecipe, form: FormRecipe}>} */
export function readRecipe() {
  return ask("recipe.read", {});
}

/** The addresses from which a template is filled. @param {ShownPart} part @returns {import("./templates.js").Places} */
export function placesOf({ link }) {
  return { part: link ? addressOf(link.href, link.baseURI) : null, page: new URL(location.href) };
}

/**
 * The addresses to which a recipe leads for this mail.
 * @param {SourceRecipe} recipe @param {Document[]} documents @param {ShownPart} part @returns {URL[]}
 */
export function taughtLinks({ selector, template }, documents, part) {
  const linked = findSelected(selector, documents).flatMap((element) => addressesOf(element).filter((url) => !isChanging(element, url)));
  const filled = template ? fillTemplate(template, placesOf(part)) : null;
  return [...linked, ...(filled ? [filled] : [])];
}
