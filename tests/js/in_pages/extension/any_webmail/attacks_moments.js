/** The functions that tests/extension/any_webmail/test_attacks_moments.py runs in pages. */

export function listen() {
  globalThis.got = [];
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "keydown"]) {
    addEventListener(type, () => got.push(type), true);
  }
}
