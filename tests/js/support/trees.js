/** Trees of markup for tests in node, which has no parser of HTML. They are simpler than a browser's. */

/** @typedef {import("../../../wasm_build/ui/written_markup.js").ReadNode} ReadNode */
/** @typedef {{name: string, attributes: Record<string, string>, children: ReadNode[]}} Open */

const [ELEMENT, TEXT, COMMENT] = [1, 3, 8];
const VOID = new Set(["br", "img", "hr", "input", "meta", "link"]);
/** Elements whose content is text and no markup. */
const RAW = new Set(["script", "style"]);
const TOKEN = /<!--(?<comment>[^]*?)-->|<(?<end>\/?)(?<name>[a-z][a-z0-9]*)(?<attributes>(?:[\s/](?:"[^"]*"|'[^']*'|[^"'>])*)?)>|(?<text>[^<]+|<)/giu;
const ATTRIBUTE = /([^\s=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?/gu;
const NAMED = new Map([["lt", "<"], ["gt", ">"], ["amp", "&"], ["quot", '"'], ["nbsp", "\u00a0"]]);

/** The body of a document with this markup. An end tag without its beginning is left out. @param {string} markup */
export function treeOf(markup) {
  /** @type {Open[]} */
  const open = [{ name: "body", attributes: {}, children: [] }];
  const innermost = () => /** @type {Open} */ (open.at(-1));
  const close = () => {
    const element = /** @type {Open} */ (open.pop());
    innermost().children.push(elementOf(element));
  };
  for (const { groups = {} } of markup.matchAll(TOKEN)) {
    const { comment, end, name = "", attributes, text } = groups;
    const isRaw = RAW.has(innermost().name);
    if (comment !== undefined) innermost().children.push(leafOf(COMMENT, comment));
    else if (text !== undefined) innermost().children.push(leafOf(TEXT, isRaw ? text : decode(text)));
    else if (end) {
      const at = open.findLastIndex((element, index) => index > 0 && element.name === name);
      while (at > 0 && open.length > at) close();
    } else if (!isRaw) {
      open.push({ name, attributes: attributesOf(attributes ?? ""), children: [] });
      if (VOID.has(name)) close();
    }
  }
  while (open.length > 1) close();
  return elementOf(innermost());
}

/** @param {string} text */
function attributesOf(text) {
  return Object.fromEntries([...text.matchAll(ATTRIBUTE)].map(([, name, ...values]) => [name, decode(values.find((value) => value !== undefined) ?? "")]));
}

/** @param {string} text */
function decode(text) {
  return text.replace(/&(?:#(\d+)|(\w+));/gu, (whole, number, name) => (number ? String.fromCodePoint(Number(number)) : NAMED.get(name) ?? whole));
}

/** @param {Open} open @returns {ReadNode} */
function elementOf({ name, attributes, children }) {
  return { nodeType: ELEMENT, localName: name, nodeValue: null, childNodes: children, getAttribute: (key) => attributes[key] ?? null };
}

/** @param {number} nodeType @param {string} nodeValue @returns {ReadNode} */
function leafOf(nodeType, nodeValue) {
  return { nodeType, nodeValue, childNodes: [] };
}

/** Numbers that are the same in each run (Mulberry32). @param {number} seed @returns {(below: number) => number} */
export function numbersFrom(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The markup that a letter may have, and nothing else. */
export const WRITTEN = /^(?:[^<>"]|<\/?(?:p|ul|ol|li|blockquote|strong|em)>|<br>|<a href="(?:https:\/\/|mailto:)[^"<>]*">|<\/a>)*$/u;
