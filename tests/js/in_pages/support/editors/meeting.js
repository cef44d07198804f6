/** The functions that tests/support/editors/meeting.py runs in pages. */

export function spot() {
  const below = (root) => [...root.querySelectorAll("*")].flatMap(
    (one) => [one, ...(one.shadowRoot ? below(one.shadowRoot) : [])]);
  const known = "iframe, textarea, .monaco-editor, .ace_editor, .CodeMirror";
  const rects = below(document).filter((one) => one.isContentEditable || one.matches(known))
    .filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => one.getBoundingClientRect());
  const size = ({ width, height }) => (height > 12 ? width * height : 0);
  const best = rects.filter(size).sort((one, other) => size(other) - size(one))[0]
    ?? document.querySelector("#place").getBoundingClientRect();
  return [Math.round(best.left + Math.min(best.width / 2, 120)), Math.round(best.top + Math.min(best.height / 2, 20))];
}
