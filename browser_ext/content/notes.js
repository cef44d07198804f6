/**
 * A line of words below an element of the page. It informs: a page can hide it, or show one of its own; whatever a
 * person must rely on stands in the extension's window.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.noteFor) return;
  const api = globalThis.browser ?? globalThis.chrome;
  const STYLE = "display:block;margin:4px 0;font:14px/1.5 system-ui,sans-serif;color:CanvasText;background:Canvas";
  const insertAfter = Element.prototype.after;
  /** @type {WeakMap<Element, HTMLElement>} */
  const notes = new WeakMap();

  /** @param {Element} element @param {string} text nothing takes the line away */
  function noteFor(element, text) {
    const known = notes.get(element);
    if (known) known.textContent = text;
    else if (text) notes.set(element, create(element, text));
  }

  /** @param {Element} element @param {any} error */
  function noteErrorFor(element, error) {
    const found = api.i18n.getMessage(`error_${String(error?.code).replaceAll("-", "_")}`);
    noteFor(element, found || api.i18n.getMessage("contentFailed"));
  }

  /** @param {Element} element @param {string} text */
  function create(element, text) {
    const box = document.createElement("div");
    const note = document.createElement("span");
    box.style.cssText = "all:initial;display:block";
    note.setAttribute("role", "status");
    note.style.cssText = STYLE;
    note.textContent = text;
    box.attachShadow({ mode: "closed" }).append(note);
    insertAfter.call(element, box);
    return note;
  }

  Object.assign(shared, { noteFor, noteErrorFor });
})();
