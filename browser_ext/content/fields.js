/** Finds the fields of a page and offers what can be done with each. */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.offer) return;
  const api = globalThis.browser ?? globalThis.chrome;
  const ARMOR = /-----BEGIN CMS-----[\s\S]+?-----END CMS-----/;
  /** @type {WeakMap<HTMLElement, any>} */
  const hostOf = new WeakMap();

  /** @param {HTMLElement} element @returns {string} the armored text in it, or nothing */
  function findCms(element) {
    const text = element instanceof HTMLTextAreaElement ? element.value : element.textContent;
    return ARMOR.exec(text ?? "")?.[0] ?? "";
  }

  /** @param {HTMLElement} element @param {...string} words */
  function asks(element, ...words) {
    const asked = (element.dataset.smime ?? "").toLowerCase().split(/\s+/);
    return words.some((word) => asked.includes(word));
  }

  /** @param {HTMLElement} element */
  function hostFor(element) {
    const known = hostOf.get(element);
    if (known) return known;
    const onSealed = (/** @type {string} */ armored) => fill(element, armored);
    const host = new shared.FrameHost(element, { onSealed });
    hostOf.set(element, host);
    return host;
  }

  /**
   * Puts the sealed text into the page's field, as if it had been typed.
   * @param {HTMLElement} element
   * @param {string} armored
   */
  function fill(element, armored) {
    if (!(element instanceof HTMLTextAreaElement)) return;
    element.value = armored;
    element.dispatchEvent(new Event("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** @param {HTMLElement} element */
  function write(element) {
    const text = element instanceof HTMLTextAreaElement ? element.value : "";
    const proposed = (element.dataset.smimeTo ?? "").split(/[\s,]+/).filter(Boolean);
    return hostFor(element).open({ kind: "write", smime: element.dataset.smime ?? "", proposed, cms: "" }, text);
  }

  /** @param {HTMLElement} element */
  function open(element) {
    const request = { kind: "open", smime: element.dataset.smime ?? "", proposed: [], cms: findCms(element) };
    return hostFor(element).open(request, "");
  }

  /** A field that holds sealed text is opened, any other is written. @param {HTMLElement} element */
  function activate(element) {
    const host = hostFor(element);
    if (!host.isOpen) void host.attempt(() => (findCms(element) ? open(element) : write(element)));
  }

  /**
   * Offers a button beside an element that asks for it, or that holds sealed text. Measures nothing: the page's layout
   * is not computed for it.
   * @param {HTMLElement} element
   * @returns {boolean} whether there is something to do with it
   */
  function offer(element) {
    const sealed = findCms(element) !== "";
    const writable = element instanceof HTMLTextAreaElement && asks(element, "sign", "encrypt");
    if (!sealed && !writable) return false;
    const host = hostFor(element);
    if (host.isOpen) return true;
    if (sealed) host.offer(api.i18n.getMessage("buttonOpen"), () => open(element));
    else host.offer(api.i18n.getMessage("buttonWrite"), () => write(element));
    return true;
  }

  Object.assign(shared, { offer, activate });
})();
