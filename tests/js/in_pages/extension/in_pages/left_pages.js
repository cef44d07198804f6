/** The functions that tests/extension/in_pages/test_left_pages.py runs in pages. */

export function hide() {
  const views = () => document.querySelectorAll("main iframe").length;
  const before = views();
  dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  return [before, views()];
}
