/**
 * Begins with the document, before any script of the page: a click, a drop or a submission by which something would
 * leave in clear waits until the scripts that see to it are here. It only listens, so that it costs a page next to
 * nothing.
 */
(() => {
  /** @type {any} */
  const shared = (globalThis.sealwaxContent ??= {});
  if (shared.GUARDED) return;
  shared.GUARDED = "form[data-smime], input[type=file][data-smime]";
  /** A form's controls shadow its properties. */
  const { matches } = Element.prototype;

  /** The person does it again. @param {Event} event */
  function holdBack(event) {
    const [element] = event.composedPath();
    if (shared.offer || !(element instanceof Element) || !Reflect.apply(matches, element, [shared.GUARDED])) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // Before the document is complete nobody can load them; then they are loaded without being asked.
    void shared.load?.("fields").catch(() => {});
  }

  for (const type of ["click", "drop", "submit"]) addEventListener(type, holdBack, true);
})();
