/** A text field whose height follows its text, so that the page scrolls and not the field. */

const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");

/** @param {HTMLTextAreaElement} area @returns {() => void} to be called after a script has changed the text */
export function growWithText(area) {
  area.classList.add("grows");
  if (GROWS_BY_ITSELF) return () => {};
  const grow = () => {
    // The field shrinks for a moment, and the shorter page would scroll up.
    const top = scrollY;
    area.style.blockSize = "auto";
    area.style.blockSize = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
    scrollTo({ top, behavior: "instant" });
  };
  area.addEventListener("input", grow);
  let width = 0;
  // The width decides how many lines the text has. The width is known when the field is shown.
  new ResizeObserver(() => {
    if (area.clientWidth === width) return;
    width = area.clientWidth;
    grow();
  }).observe(area);
  return grow;
}
