/** The functions that tests/extension/in_pages/test_guards.py runs in pages. */

export function makeTree(form, mode, depth) {
  class Own extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode }).innerHTML = form;
    }
  }
  let place = document.body;
  for (let level = 1; level < depth; level += 1) {
    const host = place.appendChild(document.createElement("div"));
    place = host.attachShadow({ mode });
  }
  customElements.define("own-form", Own);
  const { attachShadow } = Element.prototype;
  let made = null;
  Element.prototype.attachShadow = function (options) {
    made = attachShadow.call(this, options);
    return made;
  };
  place.append(document.createElement("own-form"));
  window.inside = made;
}

export function aDocumentThatIsWrittenAnewIsGuarded(form, way) {
  if (way === "open") document.open();
  document.write(`<!doctype html><title>Anew</title>${form}`);
  document.close();
}
