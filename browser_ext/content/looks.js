/**
 * Whether a page shows an element as it was made: whole, of a readable size, neither faded nor masked. It reads the styles
 * of the element and of all around it in this document; what covers it, or alters a frame around this document, it does
 * not see.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.looksAsMade) return;
  const MIN_OPACITY = 0.9;
  const MIN_ZOOM = 0.6;
  const MAX_ZOOM = 2;
  /** Moved at most: no turning, no scaling, no perspective. */
  const MOVED = /^(?:none|matrix\(1, 0, 0, 1, [^)]*\))$/u;
  /** What a page has no need of around a text field, by the value that does nothing. @type {[string, string[]][]} */
  const PLAIN = [
    ["filter", ["none"]], ["mask-image", ["none"]], ["mask-border-source", ["none"]], ["-webkit-mask-box-image-source", ["none"]],
    ["clip-path", ["none"]], ["clip", ["auto"]], ["mix-blend-mode", ["normal"]], ["perspective", ["none"]],
    ["scale", ["none", "1"]], ["rotate", ["none", "0deg"]], ["visibility", ["visible"]],
  ];

  /** @param {Element} element @returns {boolean} */
  function looksAsMade(element) {
    let zoom = 1;
    /** @type {Element | null} */
    let around = element;
    while (around) {
      const style = getComputedStyle(around);
      zoom *= Number(style.getPropertyValue("zoom") || 1);
      if (Number(style.opacity) < MIN_OPACITY || !MOVED.test(style.transform)) return false;
      if (PLAIN.some(([name, plain]) => !["", ...plain].includes(style.getPropertyValue(name)))) return false;
      around = parentOf(around);
    }
    return zoom >= MIN_ZOOM && zoom <= MAX_ZOOM;
  }

  /** As the page draws it: through slots and out of shadow roots. @param {Element} element @returns {Element | null} */
  function parentOf(element) {
    const parent = element.assignedSlot ?? element.parentNode;
    return parent instanceof ShadowRoot ? parent.host : parent instanceof Element ? parent : null;
  }

  Object.assign(shared, { looksAsMade });
})();
