/**
 * Distinguishes the webmail's own controls from links that the sender of a mail has chosen. A mail's markup can imitate
 * any control, so only the position of a control is reliable. A webmail shows a mail's text in an element of its own or
 * in a frame, and names the sender or the date before the text. So a control is used without the person's help only in
 * a bar of controls that comes before the first line with a sender or date. Another control is used only if the person
 * points at it, and does not seem to be in the text of a mail.
 */
import {
  attributeOf, baseOf, bodyOf, childrenOf, closest, contains, documentOf, findBelow, isElement, isText, isVisible, matches, openRootOf, outwardsFrom, parentOf, textOf, textsBelow, topElementOf,
} from "../dom_tree.js";
import { shadowRootOf } from "../shadow_roots.js";
import { world } from "../world.js";
import { isEntry } from "./entry_lists.js";
import { bareAddress, isClockOrVersion, namesDate, namesDay, namesOfElement, namesPerson } from "./head_lines.js";

/** Elements that can lead somewhere. */
export const LINKS_AND_BUTTONS =
  "a[href], area[href], button, input[type=submit], input[type=button], input[type=image], [role=button], [role=menuitem], [onclick]";
const CONTROLS = "a, button, select, label, summary, input, [role=button], [role=link], [role=menuitem], [role=tab], [onclick]";
const UNSEEN = "head, script, style, template, noscript, select, datalist";
/** Elements in which the lines of a mail are not searched: lists, menus, and texts that nobody sees. */
const ASIDE = `${UNSEEN}, nav, [role=navigation], [role=listbox], [role=tree], [role=menu], [role=menubar], [role=toolbar], [role=tablist]`;
/** A row of a list of mails, with a checkbox that selects the mail. */
const CHOSEN_ROW = "tr:has(> td > input[type=checkbox])";
/** The largest number of nodes that are examined before the lines of a mail. */
const MAX_NODES = 50_000;
/** The largest number of controls whose positions are examined. */
const MAX_WANTED = 50;
/** The largest number of letters in a bar outside of its controls, such as "Message 1 of 5". */
const MAX_BAR_LETTERS = 60;
/** The largest number of letters beside a bar that still do not count as text, such as "(New)" or "Move to:". */
const MAX_NOTE_LETTERS = 20;
/** If the sentences in a part of a page have more letters than this, the part counts as the text of a mail. */
const MAX_PROSE_LETTERS = 20;
/** The largest number of texts before a bar that are no controls, lists, counts or addresses, such as the webmail's name. */
const MAX_UNCLEAR = 1;
/** A text with at least this number of words, or of letters, counts as a sentence and not as a name. */
const LEAST_WORDS = 3;
const LEAST_PROSE_LETTERS = 25;
/** The least number of columns of a list of mails: a person, a subject and a date. */
const LEAST_COLUMNS = 3;
/** The least number of controls in a bar. */
const LEAST_CONTROLS = 2;
const ADDRESS = /:\/\/|\bwww\./iu;
const LETTERS = /[\p{L}\p{N}]/u;
const LETTER = /[\p{L}\p{N}]/gu;
const WORD = /[\p{L}\p{N}][^\s]*/gu;
/** A label beside its field, such as "Move to:". */
const LABEL = /[:：]\s*$/u;
const FIELDS = "select, input:not([type=hidden])";
const LOGO = /(?<![a-z])(?:logo|brand)(?![a-z])/iu;
const HEADING = "h1, h2, h3";
/** The place of a mail in its folder, such as "Message 1 of 5". */
const COUNTER = /^[^\d]{0,20}\d{1,6}[^\d]{1,12}\d{1,6}[^\d]{0,20}$/u;

/**
 * Those of the wanted controls in a document that are certainly the webmail's own.
 * @param {Document} page @param {(element: Element) => boolean} isWanted
 * @returns {Element[]} none if this is unknown for the document
 */
export function ownControls(page, isWanted) {
  if (!isOwnDocument(page)) return [];
  const { before, end: head } = walkTo(page, headLineFinder());
  const controls = head ? before.filter((element) => matches(element, LINKS_AND_BUTTONS) && isWanted(element)) : [];
  return controls.slice(0, MAX_WANTED).filter((element) => {
    const first = /** @type {Element} */ (head);
    const bar = barOf(element, first);
    return bar && !isAfterUnclear(bar) && !isBesideSlotted(element) && !isEntry(element, branchOf(element, first));
  });
}

/** The element of a mail's first line in a page; null for none, or if the page may be a mail's. @param {Document} page */
export function headOf(page) {
  return isOwnDocument(page) ? walkTo(page, headLineFinder()).end : null;
}

/**
 * Whether a link at which the person points may belong to a mail's text. Such a link is in a frame with a mail, is
 * written as an address, or is beside sentences in the part of the page after the date of a mail.
 * @param {Element} element
 */
export function isInMailText(element) {
  const page = documentOf(element);
  if (isMailDocument(page) || ADDRESS.test(textOf(element) ?? "")) return true;
  const { before, end: head } = walkTo(page, isDateLine);
  if (!head) return !isInFrameset(page);
  return !before.includes(element) && countLetters(branchOf(element, head), isProse, MAX_PROSE_LETTERS) > MAX_PROSE_LETTERS;
}

/**
 * Whether a page contains a text, also in a shadow root. A text that the page contains may be the subject, or the name
 * of a file.
 * @param {Document} page @param {string} text
 */
export function hasText(page, text) {
  return [...deepTextsBelow(/** @type {Element} */ (topElementOf(page)))].some(({ data }) => data.includes(text));
}

/**
 * Whether a link beside which the extension would show a button may belong to a mail's text. Such a link is in a frame
 * with a mail, or beside sentences after the lines that name a mail's sender and date.
 * @param {Element} element
 */
export function isOfMail(element) {
  const page = documentOf(element);
  if (isMailDocument(page)) return true;
  const { before, end: head } = walkTo(page, isPersonLine);
  return head !== null && !before.includes(element) && isInMailText(element);
}

/** The base of an element's addresses; "" if a mail in this page may have changed it. @param {Element} element */
export function ownBaseOf(element) {
  const bases = [...findBelow(documentOf(element), "base")];
  return bases.every((base) => /** @type {Element | null} */ (parentOf(base))?.localName === "head") ? baseOf(element) : "";
}

/**
 * Whether a document is the webmail's own. Such a document is in the tab itself or in a frameset, and has a script or a
 * stylesheet of the site. Webmails show a mail's text in other frames. If they show it as a document of its own, that
 * document has neither a script nor a stylesheet of the site.
 * @param {Document} page
 */
function isOwnDocument(page) {
  return isInFrameset(page) && hasOwnOrigin() && hasProgram(page);
}

/** @param {Document} page */
function isInFrameset(page) {
  try {
    for (let view = /** @type {Window | null} */ (page.defaultView); view; view = view.parent) {
      if (view === view.parent) return true;
      if (view.frameElement?.localName !== "frame") return false;
    }
  } catch {
    // The document around this frame belongs to another site.
  }
  return false;
}

/** Whether this document has the origin of its address. A document with a sandbox has no such origin. */
function hasOwnOrigin() {
  return /^https?:$/u.test(location.protocol) && (globalThis.origin === undefined || globalThis.origin === location.origin);
}

/** @param {Document} page */
function hasProgram(page) {
  const styles = /** @type {HTMLLinkElement[]} */ ([...findBelow(page, "head > link[rel~=stylesheet i][href]")]);
  return findBelow(page, "script").length > 0 || styles.some(({ href }) => URL.canParse(href) && new URL(href).origin === location.origin);
}

/** Whether a document is in a frame in which a webmail shows a mail. @param {Document} page */
function isMailDocument(page) {
  const isWritten = !/^https?:$/u.test(/** @type {Location} */ (page.location).protocol);
  return isWritten || !hasOwnOrigin() || (!isInFrameset(page) && !hasProgram(page));
}

/**
 * The elements before the first node for which `isEnd` is true, and the element that is or contains this node. Shadow
 * roots come before the children of their hosts.
 * @param {Document} page @param {(node: Element | Text) => boolean} isEnd
 * @returns {{before: Element[], end: Element | null}}
 */
function walkTo(page, isEnd) {
  /** @type {Element[]} */
  const before = [];
  /** @type {Node[]} */
  const waiting = [bodyOf(page) ?? page];
  let left = MAX_NODES;
  for (let node = waiting.pop(); node; node = waiting.pop(), left -= 1) {
    if (left === 0) return { before: [], end: null };
    if (isText(node) && isEnd(node)) return { before, end: parentOf(node) };
    if (!isElement(node)) continue;
    if (isEnd(node)) return { before, end: node };
    before.push(node);
    const below = matches(node, UNSEEN) ? [] : [...(rootOf(node)?.childNodes ?? []), ...childrenOf(node)];
    for (const child of below.reverse()) waiting.push(child);
  }
  return { before, end: null };
}

/** The shadow root of an element of the page. In another frame only open roots are found. @param {Element} element */
function rootOf(element) {
  return world.fields?.boxes.has(element) ? null : shadowRootOf(element) ?? openRootOf(element);
}

/**
 * Returns a function that tests whether a node is the first line of a mail. It must be called with the nodes in their
 * order. The first bare address can be the account's address, which many webmails show above everything.
 * @returns {(node: Element | Text) => boolean}
 */
function headLineFinder() {
  let account = "";
  const isOther = (/** @type {string} */ text) => {
    const address = bareAddress(text);
    account ||= address;
    return address ? address !== account : text === "" || namesDate(text) || namesPerson(text);
  };
  return (node) => {
    const named = isText(node) ? (LETTERS.test(node.data) ? [node.data] : []) : namesOfElement(node);
    // A heading that is the name of a day may be a subject.
    if (isText(node) && namesDay(node.data) && closest(/** @type {Element} */ (parentOf(node)), HEADING)) return false;
    return named.length > 0 && isShown(node) && named.some(isOther);
  };
}

/** @param {Element | Text} node */
function isPersonLine(node) {
  const named = isText(node) ? [node.data] : namesOfElement(node);
  return named.some((text) => text !== "" && (namesPerson(text) || bareAddress(text) !== "")) && isShown(node);
}

/** @param {Element | Text} node */
function isDateLine(node) {
  const isDate = isText(node) ? namesDate(node.data) : node.localName === "time";
  return isDate && isShown(node) && !isInList(node);
}

/** Whether a page shows a node outside of lists. @param {Element | Text} node */
function isShown(node) {
  const around = isElement(node) ? node : parentOf(node);
  return around !== null && isSeen(around) && !closest(around, ASIDE);
}

/**
 * Whether a page shows an element. An element that the extension's own frame hides counts too, because these are still
 * the lines of the mail while the extension's frame is in their place.
 * @param {Element} element
 */
function isSeen(element) {
  return isVisible(element) || outwardsFrom(element).some((outer) => world.fields?.replaced.has(outer));
}

/** Whether a line is in a list of mails: in a row with a checkbox, or near similar rows with a date. @param {Node} line */
function isInList(line) {
  const row = closest(isElement(line) ? line : /** @type {Element} */ (parentOf(line)), "tr");
  if (!row || matches(row, CHOSEN_ROW)) return row !== null;
  const columns = row.children.length;
  const others = [...(parentOf(row)?.children ?? [])].filter((child) => child !== row && child.children.length === columns);
  return columns >= LEAST_COLUMNS && others.some((sibling) => [...textsBelow(sibling)].some(({ data }) => namesDate(data)));
}

/**
 * The bar around a control; null for none. A bar has at least one other control, no lines of a mail, and almost no
 * other text. The text around the bar begins with the lines of the mail; a count of the mails may come before them.
 * @param {Element} element @param {Element} head
 */
function barOf(element, head) {
  const body = bodyOf(documentOf(element));
  let bar = parentOf(element);
  while (bar && bar !== body && controlsIn(bar) < LEAST_CONTROLS && countLetters(bar, isBeside, 0) === 0) bar = parentOf(bar);
  if (!bar || bar === body || controlsIn(bar) < LEAST_CONTROLS) return null;
  if (hasInside(bar, head) || countLetters(bar, isBeside, MAX_BAR_LETTERS) > MAX_BAR_LETTERS) return null;
  const isAround = (/** @type {Text} */ text) => isBeside(text) && !COUNTER.test(text.data.trim()) && !contains(/** @type {Element} */ (bar), text);
  let around = parentOf(bar);
  while (around && countLetters(around, isAround, MAX_NOTE_LETTERS) <= MAX_NOTE_LETTERS && !hasInside(around, head)) around = parentOf(around);
  return around !== null && hasInside(around, head) ? bar : null;
}

/**
 * Whether the texts before a bar may be lines of a mail that are not recognised, such as a name, a subject and a day.
 * In this case the bar may belong to the mail's text.
 * @param {Element} bar
 */
function isAfterUnclear(bar) {
  let unclear = 0;
  walkTo(documentOf(bar), (node) => {
    if (isText(node) && LETTERS.test(node.data) && isUnclear(node)) unclear += 1;
    return node === bar || unclear > MAX_UNCLEAR;
  });
  return unclear > MAX_UNCLEAR;
}

/** @param {Text} text */
function isUnclear(text) {
  const around = /** @type {Element} */ (parentOf(text));
  const isKnown = COUNTER.test(text.data.trim()) || bareAddress(text.data) !== "" || isClockOrVersion(text.data);
  const isLabel = LABEL.test(text.data) && findBelow(around, FIELDS).length > 0;
  return !isKnown && !isLabel && isBeside(text) && !closest(around, ASIDE) && !isLogo(around);
}

/** Whether the id or class of an element says that it is the logo or brand of the webmail. @param {Element} element */
function isLogo(element) {
  return ["id", "class"].some((name) => LOGO.test(attributeOf(element, name) ?? ""));
}

/**
 * Whether a control is in a shadow root, and the root's host also has lines of a mail outside of the root. The browser
 * may draw these lines before the control.
 * @param {Element} element
 */
function isBesideSlotted(element) {
  for (let root = element.getRootNode(); root instanceof ShadowRoot; root = root.host.getRootNode()) {
    if ([...textsBelow(root.host)].some(({ data }) => namesDate(data) || namesPerson(data) || bareAddress(data))) return true;
  }
  return false;
}

/** How many controls an element has. Controls inside another control do not count. @param {Element} root */
function controlsIn(root) {
  return [...findBelow(root, CONTROLS)].filter((control) => !closest(/** @type {Element} */ (parentOf(control)), CONTROLS)).length;
}

/** Whether `root` contains `element`, also through shadow roots. @param {Element} root @param {Element} element */
function hasInside(root, element) {
  for (let outer = /** @type {Element | null} */ (element); outer; outer = parentOf(outer)) if (outer === root) return true;
  return false;
}

/**
 * The number of letters and digits in those texts of an element for which `counts` is true. The count stops above
 * `enough`.
 * @param {Element} root @param {(text: Text) => boolean} counts @param {number} enough
 */
function countLetters(root, counts, enough) {
  let letters = 0;
  for (const text of deepTextsBelow(root)) {
    const count = text.data.match(LETTER)?.length ?? 0;
    if (count > 0 && counts(text)) letters += count;
    if (letters > enough) return letters;
  }
  return letters;
}

/** The texts of an element and of the shadow roots in it. @param {Element | ShadowRoot} root @returns {Generator<Text>} */
function* deepTextsBelow(root) {
  yield* textsBelow(root);
  for (const host of [...(isElement(root) ? [root] : []), ...findBelow(root, "*")]) {
    const inner = rootOf(host);
    if (inner) yield* deepTextsBelow(inner);
  }
}

/** Whether a text is visible and not in a control. @param {Text} text */
function isBeside(text) {
  const around = /** @type {Element} */ (parentOf(text));
  return !closest(around, `${CONTROLS}, ${UNSEEN}`) && isSeen(around);
}

/** Whether a text is visible, not in a control, and more than a name or a number. @param {Text} text */
function isProse(text) {
  const words = text.data.match(WORD)?.length ?? 0;
  return (words >= LEAST_WORDS || (text.data.match(LETTER)?.length ?? 0) >= LEAST_PROSE_LETTERS) && isBeside(text);
}

/** The largest element that contains `element` and does not contain `head`. @param {Element} element @param {Element} head */
function branchOf(element, head) {
  let branch = element;
  for (let outer = parentOf(branch); outer && !hasInside(outer, head); outer = parentOf(outer)) branch = outer;
  return branch;
}
