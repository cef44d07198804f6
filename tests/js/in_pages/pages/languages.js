/** The functions that tests/pages/test_languages.py runs in pages. */

export function clipped() {
  const hidden = ".visually-hidden, .skip-link, .mail[data-pane=message] .list-pane";
  return [...document.querySelectorAll("button, a, h1, h2, h3, label, summary, dt, .note, .problem")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(hidden))
    .filter((one) => getComputedStyle(one).display !== "inline" && getComputedStyle(one).textOverflow !== "ellipsis")
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => `clips ${one.tagName} ${one.textContent.trim().slice(0, 60)}`);
}

export function choose([menu, language]) {
  const select = document.querySelector(menu);
  select.value = language;
  select.dispatchEvent(new Event("change"));
}
