/**
 * Hides a verdict while the page covers or cuts off the text to which the verdict belongs. Otherwise the verdict would seem to be
 * about other text. Only Chromium reports whether a frame is covered. Every browser reports whether it is cut off.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";

const DELAY_MILLISECONDS = 100;
/** The height of text that must be visible: one line. */
const LEAST_PIXELS = 24;
const STEPS = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1];

/** @typedef {IntersectionObserverEntry & {isVisible?: boolean}} Entry */

/** Watches the text in a frame of a page, as soon as the verdict is shown. @param {HTMLElement} main */
export function watchText(main) {
  const note = html("p", { class: "covered-note", role: "status", data: { test: "covered" } });
  const place = { isCovered: false, isAltered: false };
  const show = () => {
    const isHidden = place.isCovered || place.isAltered;
    // This is a separate attribute, since each state of the frame replaces its class and its other parts.
    main.toggleAttribute("data-covered", isHidden);
    if (!note.isConnected) main.append(note);
    note.textContent = isHidden ? translate("text_covered") : "";
  };
  // Only the content script can reach this window. The script reports when the page starts or stops fading, masking or
  // cutting off the frame.
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || data?.type !== "seen") return;
    place.isAltered = data.seen !== true;
    show();
  });
  /** @type {IntersectionObserverInit & {trackVisibility: boolean, delay: number}} */
  const options = { threshold: STEPS, trackVisibility: true, delay: DELAY_MILLISECONDS };
  const observer = new IntersectionObserver((entries) => {
    place.isCovered = isCovered(/** @type {Entry} */ (entries.at(-1)));
    show();
  }, options);
  /** @type {Element | null} */
  let watched = null;
  const watch = () => {
    const view = main.querySelector(".view");
    if (view === watched) return;
    observer.disconnect();
    watched = view;
    place.isCovered = false;
    if (view) observer.observe(view);
    show();
  };
  new MutationObserver(watch).observe(main, { childList: true, subtree: true });
  watch();
}

/** @param {Entry} entry */
function isCovered({ boundingClientRect: { height, bottom }, intersectionRect, isVisible }) {
  const least = Math.min(LEAST_PIXELS, height);
  // Only the person can scroll in the frame. When they scroll past the text, the verdict above it is out of sight too.
  const isScrolledAway = bottom < least;
  // If the text could not be opened, the frame itself removes it and says why.
  return height > 0 && !isScrolledAway && (isVisible === false || intersectionRect.height < least);
}
