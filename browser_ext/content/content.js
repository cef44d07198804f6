/**
 * The watcher of a page. It looks for fields, forms and mail that the extension can handle, and loads the other scripts
 * when it finds any.
 *
 * The watcher searches the whole page once, and after that only added elements. It examines a found element in the
 * browser's idle time, when the element comes near the viewport, or gets the pointer or the focus. So the search of a
 * page with thousands of fields takes only a few milliseconds, and a page that adds ten thousand encrypted texts stays
 * usable. The search leaves out empty text fields. If a script later puts text into an empty field, the watcher
 * examines the field when it gets the pointer or the focus.
 */
import { namesPart } from "./any_webmail/part_names.js";
import { closest, customElementsBelow, findBelow, focusedIn, hasFocus, hasIn, isConnected, matches } from "./dom_tree.js";
import { ARMOR_BEGIN } from "./field_text.js";
import { MAIL_SIGNS } from "./mail_signs.js";
import { findFocused } from "./shadow_roots.js";
import { GUARDED } from "./smime_attributes.js";
import { isMailHost } from "./webmail_signs.js";
import { api, world } from "./world.js";

const ASKING = "[data-smime]";
const CANDIDATES = `${ASKING}, textarea`;
const NEAR_VIEWPORT = "100px";
const LOOK_AGAIN_MILLISECONDS = 300;
/** The longest wait for idle time, for pages that are never idle. */
const IDLE_TIMEOUT_MILLISECONDS = 1000;
/** The length of one slice of work on a page that is never idle. */
const SLICE_MILLISECONDS = 8;
/** The limit of buttons in one document. Above it only the focused element gets a button; menu and shortcut still work. */
const MAX_OFFERS = 1000;
/** The largest number of changes that are examined one by one. After more changes, the whole document is searched. */
const MAX_CHANGES = 500;
/**
 * The limit of fields that are watched until they come into view. In a page with more fields, such as a table to fill
 * in, a field gets its button when it gets the pointer or the focus.
 */
const MAX_FIELDS = 100;
/** Fields in which a page asks for encrypted or signed text. */
const FIELDS = ":is(textarea, input:not([type=file]), [contenteditable])[data-smime]";
/** The other elements that may get a button. */
const OTHERS = `${ASKING}:not(${FIELDS}), textarea:not(:empty, ${ASKING})`;
/** The elements that may need the extension. Most pages have none, so they are searched only once. */
const TELLING = `${ASKING}, textarea:not(:empty), ${MAIL_SIGNS}`;

/**
 * Elements near the viewport. They are examined again at every change, because no event reports that a script has put
 * text into a field.
 * @type {Set<HTMLElement>}
 */
const near = new Set();
/** @type {Set<HTMLElement>} */
const queue = new Set();
/** @type {Set<Element>} */
let changed = new Set();
let offers = 0;
let isScheduled = false;
let isMail = false;
let hasRemovals = false;
/** The parts (bundles of scripts) that are loaded or being loaded, by name. @type {Map<string, Promise<void>>} */
const loading = new Map();

/** The observer is made for the first watched element, because most pages have none. @type {IntersectionObserver | undefined} */
let viewport;
const mutations = new MutationObserver(noteChanges);

/** The functions of the watcher that the guard and the background call. */
export const watcher = { activateFocused, load, watchRoot };

if (!world.watcher) begin();

function begin() {
  world.watcher = watcher;
  observe(document);
  for (const type of ["focusin", "pointerover"]) world.guard.listen(type, meetField, { passive: true });
  for (const root of world.guard.knownRoots()) watchRoot(root);
  read([document]);
}

/** @param {IntersectionObserverEntry[]} entries */
function noteVisible(entries) {
  for (const { target, isIntersecting } of entries) {
    if (!(target instanceof HTMLElement)) continue;
    if (isIntersecting) {
      near.add(target);
      queue.add(target);
    } else near.delete(target);
  }
  workWhenIdle();
}

/** @param {Node} root */
function observe(root) {
  mutations.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-smime"] });
}

/** @param {ShadowRoot} root that the guard has found */
function watchRoot(root) {
  observe(root);
  read([root]);
}

/** @param {Event} event */
function meetField(event) {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement) || !matches(target, CANDIDATES)) return;
  near.add(target);
  if (!isScheduled) lookAgainSoon();
}

/** @param {MutationRecord[]} records */
function noteChanges(records) {
  for (const { type, target, addedNodes, removedNodes } of records) {
    if (type === "attributes") changed.add(/** @type {Element} */ (target));
    for (const node of addedNodes) {
      // Skip elements that the extension itself has added.
      if (!world.fields?.boxes.has(node)) changed.add(/** @type {Element} */ (node instanceof Element ? node : target));
    }
    if (removedNodes.length && world.fields?.places.size) hasRemovals = true;
  }
  if (!isScheduled && (changed.size || hasRemovals)) lookAgainSoon();
}

function lookAgainSoon() {
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    hasRemovals = false;
    // Leave out nested elements, which would be searched once for each level.
    const roots = changed.size > MAX_CHANGES ? new Set([document]) : changed;
    changed = new Set();
    read([...roots].filter(isConnected));
    for (const element of near) if (isConnected(element)) queue.add(element); else near.delete(element);
    for (const host of world.fields?.places ?? []) host.checkPlace();
    workWhenIdle();
  }, LOOK_AGAIN_MILLISECONDS);
}

/** Searches parts of the page that are new or changed. @param {(ParentNode & Node)[]} roots */
function read(roots) {
  const telling = roots.filter((root) => hasIn(root, TELLING));
  for (const root of roots) watchAround(root);
  for (const root of telling) watchBelow(root);
  // Most elements with a shadow root are custom elements, so the guard looks for a shadow root in each custom element.
  for (const element of roots.flatMap(customElementsBelow)) world.guard.meet(element);
  isMail ||= isMailHost() || telling.some((root) => hasIn(root, MAIL_SIGNS)) || roots.some(namesPart);
  if (isMail) offerMail();
}

/** @param {Node} root */
function watchAround(root) {
  const around = root instanceof Element ? closest(root, CANDIDATES) : null;
  if (around) watch(around);
}

/** @param {Node} root */
function watchBelow(root) {
  const fields = findBelow(root, FIELDS);
  if (fields.length > 0 && !hasManyFields(fields.length)) for (const element of fields) watch(element);
  for (const element of findBelow(root, OTHERS)) watch(element);
}

/** Whether the page has too many fields. `count` is the number of fields found so far. @param {number} count */
function hasManyFields(count) {
  return count > MAX_FIELDS || findBelow(document, FIELDS).length > MAX_FIELDS;
}

/** @param {Element} element */
function watch(element) {
  viewport ??= new IntersectionObserver(noteVisible, { rootMargin: NEAR_VIEWPORT });
  viewport.observe(element);
  if (matches(element, GUARDED) && element instanceof HTMLElement) queue.add(element);
}

function workWhenIdle() {
  if (queue.size) requestIdleCallback(work, { timeout: IDLE_TIMEOUT_MILLISECONDS });
}

/** @param {IdleDeadline} deadline */
function work(deadline) {
  const end = performance.now() + SLICE_MILLISECONDS;
  for (const element of queue) {
    if (deadline.didTimeout ? performance.now() > end : deadline.timeRemaining() < 1) break;
    queue.delete(element);
    look(element);
  }
  workWhenIdle();
}

/** @param {HTMLElement} element */
function look(element) {
  if (!mayBeOffered(element)) return;
  if (!world.fields) void load("fields").then(() => { queue.add(element); workWhenIdle(); }, () => {});
  else if ((offers < MAX_OFFERS || element === focusedIn(document)) && world.fields.offer(element)) offers += 1;
}

/** @param {HTMLElement} element */
function mayBeOffered(element) {
  return matches(element, ASKING) || (element instanceof HTMLTextAreaElement && element.value.includes(ARMOR_BEGIN));
}

function offerMail() {
  void load("mail").then(() => {
    world.mail?.offerMail();
    void world.mail?.offerParcels().catch(() => {});
  }, () => {});
}

/**
 * Has the background load the scripts of a part into this document. Rejects if the extension was updated or removed.
 * @param {"fields" | "mail"} part
 */
function load(part) {
  const known = loading.get(part);
  if (known) return known;
  const loaded = api.runtime.sendMessage({ type: "content.load", body: { part } }).then((reply) => {
    if (reply?.error || !world.fields) throw new Error(reply?.error?.code ?? "not loaded");
  });
  loading.set(part, loaded);
  loaded.catch(() => loading.delete(part));
  return loaded;
}

/**
 * Acts on the focused field, or on the mail, when the person asks for it with the toolbar, the menu or the keyboard.
 * @returns {boolean} true if the page has such a field or mail
 */
function activateFocused() {
  // A document keeps its active element when the focus goes to another frame of the page.
  if ((window === window.top || hasFocus(document)) && world.fields?.activate(findFocused())) return true;
  const hasField = [...findBelow(document, CANDIDATES)].some(
    (element) => element instanceof HTMLElement && mayBeOffered(element),
  );
  return (world.mail?.offerMail({ isAsked: true }) ?? 0) > 0 || hasField;
}
