/**
 * The parts that every kit gives a test: an editor as a site sets it up, whose own model the test asks.
 * @typedef {{model: () => string, write: (text: string) => unknown, undo: () => unknown}} Kit
 */
export const place = /** @type {HTMLElement} */ (document.querySelector("#place"));

/** @param {Kit} kit */
export function begin(kit) {
  // The results of an editor's own functions are often no plain values.
  globalThis.kit = { model: kit.model, write: async (text) => { await kit.write(text); }, undo: async () => { await kit.undo(); } };
  document.documentElement.dataset.kit = "ready";
}

/** @param {string} text @returns {string} a paragraph for each line */
export function paragraphs(text) {
  return text.split("\n").map((line) => `<p>${line}</p>`).join("");
}

/** The text of markup, as the site's server would read it. @param {string} markup */
export function textIn(markup) {
  const page = new DOMParser().parseFromString(markup.replace(/<br[^<>]*>|<\/(?:p|div|li)>/gu, "\n$&"), "text/html");
  return page.body.textContent ?? "";
}

/** An element in the editor's place. @param {string} name @param {Record<string, string>} [attributes] */
export function add(name, attributes = {}) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  place.append(element);
  return element;
}
