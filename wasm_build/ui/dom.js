/**
 * Makes DOM nodes by calls instead of markup, so that the text of a message can never become markup.
 *
 * The properties `class`, `text`, `data` (dataset) and `on` (listeners) are special. All others are attributes: `true`
 * sets an empty attribute; `false`, `null` and `undefined` set none.
 */

/** @typedef {Node | string | null | undefined | false} Child */
/**
 * @typedef {{
 *   class?: string, text?: string, data?: Record<string, string>,
 *   on?: Record<string, (event: any) => void>,
 *   [attribute: string]: unknown,
 * }} Properties
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function html(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * The nodes of a sentence. Its technical parts (`technical` in formats.js) are marked as English for screen readers.
 * @param {string} text
 * @returns {Child[]}
 */
export function sentenceNodes(text) {
  return text.split(/(\u2066[^\u2066\u2069]*\u2069)/u).map((part) =>
    part.startsWith("\u2066") ? html("span", { lang: "en", dir: "ltr", text: part.slice(1, -1) }) : part);
}

/** The element of the page's markup with this id. @param {string} id */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

let lastId = 0;

/**
 * An id that is unique in this document, for labels and descriptions.
 * @param {string} stem
 */
export function uniqueId(stem) {
  lastId += 1;
  return `${stem}-${lastId}`;
}

/**
 * @template {HTMLElement | SVGElement} E
 * @param {E} element
 * @param {Properties} properties
 * @param {Child[]} children
 * @returns {E}
 */
function fill(element, properties, children) {
  const { class: classes, text, data, on, ...attributes } = properties;
  if (classes) element.setAttribute("class", classes);
  if (text !== undefined) element.textContent = text;
  Object.assign(element.dataset, data ?? {});
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}
