/** The functions that tests/support/extension/words.py runs in pages. */

export function spokenInPage(others) {
  const spoken = [["title", document.title]];
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
  const isOurs = (element) => !element.closest("[lang=en], script, style, noscript")
    && !(others && element.closest(others));
  for (const details of document.querySelectorAll("details")) details.open = true;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (data.trim() && isShown(parentElement) && isOurs(parentElement)) spoken.push([parentElement.tagName, data]);
  }
  for (const element of document.querySelectorAll("*")) {
    if (!isOurs(element)) continue;
    for (const name of ["aria-label", "aria-description", "aria-valuetext", "title", "placeholder", "alt"]) {
      if (element.getAttribute(name)) spoken.push([`${element.tagName} ${name}`, element.getAttribute(name)]);
    }
  }
  return spoken;
}
