/** The functions that tests/extension/in_pages/test_hostile_page.py runs in pages. */

export function quiet() {
  return new Promise((done) => {
    let timer = 0;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => done(true), 2_000);
    };
    (globalThis.browser ?? chrome).storage.session.onChanged.addListener(wait);
    wait();
  });
}

export function look() {
  return ({
    windows: window.length,
    named: [...Array(window.length).keys()].map((at) => { try { return window[at].name; } catch { return "?"; } }),
    entries: performance.getEntries().map(({ name }) => name).filter((name) => name.includes("extension:")),
    frames: document.querySelectorAll("iframe").length,
  });
}

export function aCoverOverTheButtonGetsTheClickAndNothingOpens() {
  const cover = document.createElement("div");
  cover.style.cssText = "position:fixed;inset:0;z-index:2147483647";
  cover.addEventListener("click", (event) => { window.clicked = event.isTrusted; });
  document.body.append(cover);
}

export function madeUpEventsPressNothing() {
  let pressed = 0;
  own.addEventListener("click", () => { pressed += 1; });
  const box = answer.nextElementSibling;
  for (const target of [own, box]) {
    const { x, y } = target.getBoundingClientRect();
    const at = { bubbles: true, composed: true, cancelable: true, clientX: x + 5, clientY: y + 10 };
    for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
      target.dispatchEvent(new PointerEvent(type, at));
      document.elementFromPoint(x + 5, y + 10)?.dispatchEvent(new PointerEvent(type, at));
    }
    target.focus();
    for (const key of ["Enter", " "]) target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    target.click();
  }
  return pressed;
}

export function tenThousandEncryptedTextsOpenNothingAndLeaveThePageUsable(cms) {
  window.pressed = 0;
  own.addEventListener("click", () => { pressed += 1; });
  const pieces = Array.from({ length: 10_000 }, () => {
    const piece = document.createElement("div");
    piece.dataset.smime = "decrypt verify";
    piece.style.cssText = "position:absolute;top:300px;block-size:1px;overflow:hidden";
    piece.textContent = cms;
    return piece;
  });
  heap.append(...pieces);
}

export function stolenFocusGetsWhatIsTypedAfterItAndCannotBeGivenBackUnseen() {
  const host = answer.nextElementSibling;
  for (const element of [trap, host, answer, document.body]) { trap.blur(); element.focus(); element.click(); }
  window.focus();
  trap.blur();
}

export function patchedGlobalsAndPrototypesCatchNothing() {
  document.createElement("div").attachShadow({ mode: "closed" });
  ({}).token = "of the page";
  const kinds = caught.map(([kind]) => kind);
  caught.length = 0;
  return kinds;
}

export async function changeInPage() {
  const { ask } = await import("/source/browser_ext/shared/request.js");
  const before = await ask("pattern.read");
  return [before, await ask("pattern.change"), await ask("pattern.read")];
}
