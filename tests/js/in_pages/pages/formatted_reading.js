/** The functions that tests/pages/test_formatted_reading.py runs in pages. */

export function topOfState() {
  const state = document.querySelector('[data-test="state"]');
  const box = state.getBoundingClientRect();
  const points = [[box.left + 4, box.top + 4], [box.x + box.width / 2, box.y + box.height / 2],
    [box.right - 4, box.bottom - 4]];
  const elements = points.map(([x, y]) => document.elementFromPoint(x, y));
  const frame = document.querySelector("iframe.markup").getBoundingClientRect();
  return [elements.every((element) => state.contains(element)), box.bottom <= frame.top];
}
