/**
 * Selectors for elements at which a person has pointed. A selector uses names that a program has given, and no counters
 * or positions. So it finds the same element beside another mail.
 */
import { attributeOf, findBelow, matches, parentOf } from "../dom_tree.js";
import { rootsBelow } from "../shadow_roots.js";

/** Attributes by which a field without a name is found. */
const LOOSE_NAMING = ["placeholder", "type", "contenteditable"];
const NAMING = ["id", "name", "data-testid", "data-test", "data-action", "data-command", "aria-label", "title", "rel", "role"];
const MAX_LEVELS = 6;
const MAX_VALUE_CHARACTERS = 80;
/** The most elements that a selector may match. If it matches more, it has found a list and not one element. */
const MAX_MATCHES = 20;
const MAX_SELECTOR_CHARACTERS = 500;

/** A selector that matches only this element in its root; "" if there is none. @param {Element} element @returns {string} */
export function selectorFor(element) {
  return narrowest(element, namesOf(element));
}

/**
 * A selector for a field of a form; "" if there is none. A page has few fields, so a name with digits or the type of
 * the field is enough.
 * @param {Element} field @returns {string}
 */
export function selectorForField(field) {
  const loose = [...NAMING, ...LOOSE_NAMING].map((name) => selectorBy(field, name, attributeOf(field, name) ?? "")).filter(Boolean);
  return selectorFor(field) || narrowest(field, [...loose, CSS.escape(field.localName)]);
}

/**
 * The shortest selector that uses one of these names, if necessary below the name of an outer element.
 * @param {Element} element @param {string[]} own
 */
function narrowest(element, own) {
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  const inner = own.find((name) => isOnly(root, name, element));
  if (inner) return inner;
  let outer = parentOf(element);
  for (let level = 0; outer && level < MAX_LEVELS; level += 1, outer = parentOf(outer)) {
    const around = namesOf(outer).find((name) => isOnly(root, name, /** @type {Element} */ (outer)));
    const combined = around && [...own, element.localName].map((name) => `${around} ${name}`).find((selector) => isOnly(root, selector, element));
    if (combined) return combined;
  }
  return "";
}

/**
 * The elements that a selector matches in these documents; none if it is not a selector, or matches too many.
 * @param {string} selector @param {Document[]} documents @returns {Element[]}
 */
export function findSelected(selector, documents) {
  if (!selector || selector.length > MAX_SELECTOR_CHARACTERS) return [];
  try {
    const elements = documents.flatMap((page) => rootsBelow(page)).flatMap((root) => [...findBelow(root, selector)]);
    return elements.length <= MAX_MATCHES ? elements : [];
  } catch {
    return [];
  }
}

/** Selectors for an element by the names that it has. @param {Element} element @returns {string[]} */
function namesOf(element) {
  const tag = CSS.escape(element.localName);
  const named = NAMING.map((name) => ({ name, value: attributeOf(element, name) ?? "" })).filter(({ value }) => isName(value));
  const classes = (attributeOf(element, "class") ?? "").split(/\s+/u).filter(isName).map((name) => `.${CSS.escape(name)}`);
  return [
    ...named.map(({ name, value }) => selectorBy(element, name, value)),
    ...classes.map((className) => `${tag}${className}`), ...(classes.length > 1 ? [`${tag}${classes.join("")}`] : []),
  ];
}

/** The selector by the value of an attribute; "" if the value cannot be a name. @param {Element} element @param {string} name @param {string} value */
function selectorBy(element, name, value) {
  const isShort = value.length > 0 && value.length <= MAX_VALUE_CHARACTERS;
  return isShort ? `${CSS.escape(element.localName)}[${name}="${CSS.escape(value)}"]` : "";
}

/** Whether a value can be a name. A value with a digit may be a counter. @param {string} value */
function isName(value) {
  return value.length > 0 && value.length <= MAX_VALUE_CHARACTERS && !/\p{N}/u.test(value);
}

/** @param {Document | ShadowRoot} root @param {string} selector @param {Element} element */
function isOnly(root, selector, element) {
  return matches(element, selector) && findBelow(root, selector).length === 1;
}
