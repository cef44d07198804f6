/** The functions that tests/extension/test_native_input.py runs in pages. */

export function place(selector) {
  const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
  const x = window.mozInnerScreenX ?? screenX;
  const y = window.mozInnerScreenY ?? screenY + outerHeight - innerHeight;
  return [x + left + Math.min(60, width / 2), y + top + Math.min(20, height / 2)];
}

export function select(selector) {
  const range = document.createRange();
  range.selectNode(document.querySelector(selector));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

export async function menuEntry(label) {
  const menu = Services.wm.getMostRecentWindow("navigator:browser").document.getElementById("contentAreaContextMenu");
  for (let tries = 0; tries < 200; tries += 1) {
    const entry = [...menu.children].find((child) => child.label === label);
    if (menu.state === "open" && entry) {
      const { left, top, width, height } = entry.getBoundingClientRect();
      const around = menu.getOuterScreenRect(), inside = menu.getBoundingClientRect();
      return [around.left + left - inside.left + width / 2, around.top + top - inside.top + height / 2];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return null;
}

export function placeOfText(text, view) {
  const { x, y } = document.querySelector("#plain").nextElementSibling.getBoundingClientRect();
  const left = window.mozInnerScreenX ?? screenX, top = window.mozInnerScreenY ?? screenY + outerHeight - innerHeight;
  return [x + left + view[0] + text[0] + 30, y + top + view[1] + text[1] + 18];
}

export function aWindowThatThePageOpensAndClosesLeavesTheEditorGrey() {
  window.stolen = "";
  window.opened = open("about:blank", "", "width=200,height=200");
  opened.addEventListener("keydown", ({ key }) => { window.stolen += key; });
}
