/**
 * Begins with the document, before any script of the page: a click, a drop or a submission by which something would
 * leave in clear waits until the scripts that see to it are here. It only listens, so that it costs a page next to
 * nothing.
 *
 * All scripts of the extension in a page listen by `shared.listen`: in the window, in every shadow root that is known,
 * and again after `document.open()`, which takes all listeners away. Events of forms stay inside their shadow root, so
 * that nothing is heard of a root that is not known.
 */
(() => {
  /** @type {any} */
  const shared = (globalThis.sealwaxContent ??= {});
  if (shared.GUARDED) return;
  shared.GUARDED = "form[data-smime], input[type=file][data-smime]";
  const api = globalThis.browser ?? globalThis.chrome;
  /** A form's controls shadow its properties. */
  const { matches } = Element.prototype;
  /** @type {[string, (event: any) => void, AddEventListenerOptions][]} */
  const listeners = [];
  /** The shadow roots in which all of them listen. */
  const known = new WeakSet();
  /** @type {WeakRef<ShadowRoot>[]} */
  let roots = [];

  /**
   * Listens in the capturing phase unless `options` say otherwise, in all that is known of the document now and later.
   * @param {string} type
   * @param {(event: any) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  function listen(type, listener, options = {}) {
    listeners.push([type, listener, { capture: true, ...options }]);
    for (const target of [window, ...knownRoots()]) listenIn(target);
  }

  /** @param {EventTarget} target adding a listener twice adds it once */
  function listenIn(target) {
    for (const listener of listeners) target.addEventListener(...listener);
  }

  /** @param {unknown} element @returns {ShadowRoot | null} its shadow root, a closed one too where the browser offers it */
  function rootOf(element) {
    if (!(element instanceof HTMLElement)) return null;
    const { dom } = /** @type {any} */ (api);
    return dom ? dom.openOrClosedShadowRoot(element) : /** @type {any} */ (element).openOrClosedShadowRoot ?? element.shadowRoot;
  }

  /** @param {unknown} element whose shadow root may be a new one */
  function meet(element) {
    const root = element instanceof ShadowRoot ? element : rootOf(element);
    if (!root || known.has(root) || shared.boxes?.has(root.host)) return;
    known.add(root);
    roots.push(new WeakRef(root));
    listenIn(root);
    shared.watchRoot?.(root);
  }

  /** No event tells that a shadow root was made: one is met where the person goes. @param {Event} event */
  function meetOnTheWay(event) {
    for (const target of event.composedPath()) meet(target);
  }

  /** The person does it again. @param {Event} event */
  function holdBack(event) {
    const [element] = event.composedPath();
    if (shared.offer || !(element instanceof Element) || !Reflect.apply(matches, element, [shared.GUARDED])) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // Before the document is complete nobody can load them; then they are loaded without being asked.
    void shared.load?.("fields").catch(() => {});
  }

  /** Those that the page has not let go of. @returns {ShadowRoot[]} */
  function knownRoots() {
    roots = roots.filter((one) => one.deref());
    return roots.flatMap((one) => one.deref() ?? []);
  }

  Object.assign(shared, { listen, meet, knownRoots });
  // Before the others: an event that begins in a root that was unknown still reaches it.
  const ways = ["pointerover", "pointerdown", "focusin", "keydown", "dragover", "click"];
  for (const type of ways) listen(type, meetOnTheWay, { passive: true });
  for (const type of ["click", "drop", "submit"]) listen(type, holdBack);
  // Both are heard before any listener of the page where the guard began with the document. The page's microtasks run
  // between the two, and none of them after the second (`entries.js`).
  listen("formdata", (event) => shared.passFormData?.(event));
  listen("formdata", (event) => shared.settleFormData?.(event));
  // What a form sends is told to handlers of `navigate`, which can stop it: nothing of the page comes between a signature
  // and its submission.
  /** @type {any} */ (globalThis).navigation?.addEventListener("navigate", (/** @type {any} */ event) => {
    if (event.formData?.has("smime_signature")) event.stopImmediatePropagation();
  }, { capture: true });
  // A document that is written anew keeps its observers and loses its listeners.
  new MutationObserver(() => listenIn(window)).observe(document, { childList: true });
})();
