/** The functions that tests/support/extension/webmail.py runs in pages. */

export function button(selector) {
  const box = document.querySelector(selector)?.previousElementSibling;
  const { x, y, height } = box?.getBoundingClientRect() ?? { height: 0 };
  return height >= 44 && height < 100 && { x: Math.round(x + 24), y: Math.round(y + 24) };
}
