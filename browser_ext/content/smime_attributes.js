/**
 * The attributes by which a page asks for S/MIME. A form's controls can shadow its properties, so this module reads
 * with the method of the prototype.
 */

/**
 * The elements that must be examined even when they are not in view: a person can submit a form by Enter, and use a
 * hidden file field by a button of the page.
 */
export const GUARDED = "form[data-smime], input[type=file][data-smime]";
const { getAttribute } = Element.prototype;

/** Whether `data-smime` of an element has one of these words. @param {Element} element @param {...string} words */
export function asksFor(element, ...words) {
  const asked = (Reflect.apply(getAttribute, element, ["data-smime"]) ?? "").toLowerCase().split(/\s+/);
  return words.some((word) => asked.includes(word));
}

/** The recipients whom the page proposes. @param {Element} element @returns {string[]} */
export function proposedBy(element) {
  return (Reflect.apply(getAttribute, element, ["data-smime-to"]) ?? "").split(/[\s,]+/).filter(Boolean);
}
