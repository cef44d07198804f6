/** The functions that tests/extension/in_pages/test_rerendered.py runs in pages. */

export function drawAnew() {
  const old = document.querySelector("#answer"), parent = old.parentElement, drawn = old.cloneNode();
  const next = old.nextSibling;
  drawn.removeAttribute("style");
  parent.removeChild(old);
  parent.insertBefore(drawn, next);
}

export function aFrameworkThatWritesItsStateBackKeepsTheEncryptedText() {
  const field = document.querySelector("#answer");
  let state = "";
  field.addEventListener("input", () => { state = field.value; });
  setInterval(() => { field.value = state; field.removeAttribute("style"); }, 50);
}
