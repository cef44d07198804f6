/** The functions that tests/support/editors/meeting.py runs in pages. */

export function spot() {
  const below = (root) => [...root.querySelectorAll("*")].flatMap(
    (element) => [element, ...(element.shadowRoot ? below(element.shadowRoot) : [])]);
  const known = "iframe, textarea, .monaco-editor, .ace_editor, .CodeMirror";
  const rects = below(document).filter((element) => element.isContentEditable || element.matches(known))
    .filter((element) => element.checkVisibility({ visibilityProperty: true })).map((element) => element.getBoundingClientRect());
  const size = ({ width, height }) => (height > 12 ? width * height : 0);
  const best = rects.filter(size).sort((rect, other) => size(other) - size(rect))[0]
    ?? document.querySelector("#place").getBoundingClientRect();
  return [Math.round(best.left + Math.min(best.width / 2, 120)), Math.round(best.top + Math.min(best.height / 2, 20))];
}
