/** The functions that tests/pages/test_languages.py runs in pages. */

export function clipped() {
  const hidden = ".visually-hidden, .skip-link, .mail[data-pane=message] .list-pane";
  return [...document.querySelectorAll("button, a, h1, h2, h3, label, summary, dt, .note, .problem")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(hidden))
    .filter((element) => getComputedStyle(element).display !== "inline" && getComputedStyle(element).textOverflow !== "ellipsis")
    .filter((element) => element.scrollWidth > element.clientWidth + 1)
    .map((element) => `clips ${element.tagName} ${element.textContent.trim().slice(0, 60)}`);
}

export function choose([menu, language]) {
  const select = document.querySelector(menu);
  select.value = language;
  select.dispatchEvent(new Event("change"));
}
