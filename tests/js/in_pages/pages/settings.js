/** The functions that tests/pages/test_settings.py runs in pages. */

/** The addresses of the views that were shown, each after a click on a visible link. */
export async function followEveryLink() {
  /** The path without what differs between messages and folders. */
  const placeOf = (path) => (path.startsWith("#/folder/") ? "#/folder" : path.split("/").slice(0, 3).join("/"));
  const settled = () => new Promise((resolve) => { setTimeout(resolve, 150); });
  const goBackTo = async (path) => {
    if (location.hash !== path) location.hash = path;
    await settled();
  };
  const walked = new Map([[placeOf(location.hash), location.hash]]);
  const waiting = [location.hash];
  while (waiting.length > 0) {
    const from = waiting.shift();
    await goBackTo(from);
    const visible = [...document.querySelectorAll('a[href^="#/"]')].filter((link) => link.checkVisibility());
    for (const path of visible.map((link) => link.getAttribute("href"))) {
      if (walked.has(placeOf(path))) continue;
      document.querySelector(`a[href="${CSS.escape(path)}"]`).click();
      await settled();
      walked.set(placeOf(path), path);
      waiting.push(path);
      await goBackTo(from);
    }
  }
  return [...walked.values()];
}

/** The names of the sections, each with the names of its settings. */
export async function listedSettings() {
  const { SECTIONS } = await import("/source/webbridge/pages/settings/setting_list.js");
  return SECTIONS.map(({ name, settings }) => [name, settings.map((setting) => setting.name)]);
}

export function shownSettings() {
  return [...document.querySelectorAll("[data-setting]")].filter((part) => part.checkVisibility()).map(({ dataset }) => dataset.setting);
}

export async function titleOf(section, setting) {
  const { findSection } = await import("/source/webbridge/pages/settings/setting_list.js");
  const { titleKey } = findSection(section).settings.find(({ name }) => name === setting);
  const files = await Promise.all(["/runtime/ui/messages.en.json", "/messages.en.json"].map(async (path) => (await fetch(path)).json()));
  return Object.assign({}, ...files)[titleKey];
}

export function hasFocus(setting) {
  return document.activeElement.closest("[data-setting]")?.dataset.setting === setting;
}

/** Drags the line between two panes. */
export function dragBy(selector, pixels) {
  const line = document.querySelector(selector);
  line.setPointerCapture = () => undefined;
  const event = (name, clientX) => line.dispatchEvent(new PointerEvent(name, { clientX, button: 0, pointerId: 1, bubbles: true, cancelable: true }));
  event("pointerdown", 300);
  event("pointermove", 300 + pixels / 2);
  event("pointermove", 300 + pixels);
  event("pointerup", 300 + pixels);
}

export function pressOn(selector, key) {
  const line = document.querySelector(selector);
  line.focus();
  line.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}
