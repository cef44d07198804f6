/**
 * The guard starts with the document, before any script of the page. It stops clicks, drops and submissions that would
 * send something unencrypted while the scripts that encrypt are not loaded yet. It only listens, so its cost for a page
 * is very small.
 *
 * All scripts of the extension in a page add listeners with `listen`. It listens in the window and in each known shadow
 * root. It adds the listeners again after `document.open()`, which removes all of them. Events of a form inside a
 * shadow root do not leave the root, so the guard gets no events from a root that it does not know.
 */
import { matches, stop } from "./dom_tree.js";
import { shadowRootOf } from "./shadow_roots.js";
import { GUARDED } from "./smime_attributes.js";
import { world } from "./world.js";

const PRESSES = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "auxclick", "dblclick", "contextmenu", "keydown"];
/** @type {Set<(event: Event) => void>} */
const takers = new Set();
/** @type {Parameters<typeof window.addEventListener>[]} */
let listeners = [];
/** The shadow roots that have all `listeners`. */
const known = new WeakSet();
/** @type {WeakRef<ShadowRoot>[]} */
let roots = [];

/** The functions of the guard that the other scripts call. */
export const guard = { listen, meet, knownRoots, take };

if (!world.guard) begin();

function begin() {
  world.guard = guard;
  for (const type of PRESSES) listen(type, handToTakers);
  // `meetOnTheWay` is the first listener. If it finds a new root, the listeners that it adds there still get the event.
  for (const type of ["pointerover", "pointerdown", "focusin", "keydown", "dragover", "click"]) listen(type, meetOnTheWay, { passive: true });
  for (const type of ["click", "drop", "submit"]) listen(type, holdBack);
  // If the guard starts with the document, these two listeners run before any listener of the page. The page's
  // microtasks run between the two listeners, and none run after the second (`entries.js`).
  listen("formdata", (event) => world.fields?.passFormData(/** @type {FormDataEvent} */ (event)));
  listen("formdata", (event) => world.fields?.settleFormData(/** @type {FormDataEvent} */ (event)));
  globalThis.navigation?.addEventListener("navigate", meetNavigation, { capture: true });
  // `document.open()` removes all listeners, but leaves observers.
  new MutationObserver(() => listenIn(window)).observe(document, { childList: true });
}

/**
 * Listens in the window, in every known shadow root, and in roots that are found later. Listens in the capturing phase
 * unless `options` say otherwise.
 * @param {string} type
 * @param {(event: Event) => void} listener
 * @param {AddEventListenerOptions} [options]
 */
function listen(type, listener, options = {}) {
  listeners.push([type, listener, { capture: true, ...options }]);
  options.signal?.addEventListener("abort", () => { listeners = listeners.filter(([, other]) => other !== listener); });
  for (const target of [window, ...knownRoots()]) listenIn(target);
}

/**
 * Gets the events of clicks and keys before other listeners. If the guard starts with the document, no listener of the
 * page runs before `taker`.
 * @param {(event: Event) => void} taker @param {AbortSignal} signal
 */
function take(taker, signal) {
  takers.add(taker);
  signal.addEventListener("abort", () => takers.delete(taker));
}

/** @param {Event} event */
function handToTakers(event) {
  // The list is copied, because a taker can add another taker.
  for (const taker of [...takers]) taker(event);
}

/** Adds all `listeners` that the target does not have yet. @param {EventTarget} target */
function listenIn(target) {
  for (const listener of listeners) target.addEventListener(...listener);
}

/** @param {unknown} element may have a new shadow root, or be one */
function meet(element) {
  const root = element instanceof ShadowRoot ? element : shadowRootOf(element);
  if (!root || known.has(root) || world.fields?.boxes.has(root.host)) return;
  known.add(root);
  roots.push(new WeakRef(root));
  listenIn(root);
  world.watcher?.watchRoot(root);
}

/** Looks for new shadow roots on an event's path. No event reports a new root. @param {Event} event */
function meetOnTheWay(event) {
  for (const target of event.composedPath()) meet(target);
}

/** Stops the event, and loads the scripts that encrypt. The person must repeat the click. @param {Event} event */
function holdBack(event) {
  const [element] = event.composedPath();
  if (world.fields || !(element instanceof Element) || !matches(element, GUARDED)) return;
  stop(event);
  // The watcher exists only after the document is complete. When it starts, it loads the scripts itself.
  void world.watcher?.load("fields").catch(() => {});
}

/** The known shadow roots that still exist. @returns {ShadowRoot[]} */
function knownRoots() {
  roots = roots.filter((root) => root.deref());
  return roots.flatMap((root) => root.deref() ?? []);
}

/**
 * Hides a signed submission from the page's handlers of `navigate`. Such handlers could read and stop the submission.
 * Then lets the scripts for fields stop the navigation if necessary.
 * @param {NavigateEvent} event
 */
function meetNavigation(event) {
  if (event.formData?.has("smime_signature")) event.stopImmediatePropagation();
  world.fields?.stopAddress(event);
}
