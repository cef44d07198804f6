/**
 * The calm rule: a button with which the person agrees works only if its window has not changed for a second. A hostile page
 * could show, move or redraw a window just before a click or key that was meant for something else. Such a click does nothing.
 * Buttons with which the person refuses always work.
 *
 * A button to agree has the attribute `data-agrees`. Until it works, the document's root has `data-calm="waiting"`.
 */
import { html } from "./dom.js";

const CALM_MILLISECONDS = 1000;
const SAMPLE_MILLISECONDS = 100;

let disturbedAt = 0;
let place = "";
/** The hint that is shown after a click that came too early. */
let hint = html("p");
let words = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;

/** Sets the sentence of the hint for a click that came too early. @param {string} sentence */
export function explainCalm(sentence) {
  words = sentence;
}

/** Restarts the wait. To be called after a change of the window's content. */
export function disturb() {
  disturbedAt = performance.now();
  document.documentElement.dataset.calm = "waiting";
  clearTimeout(settling);
  settling = setTimeout(settle, CALM_MILLISECONDS);
}

/**
 * Whether a click on a button came too early. If so, shows a hint beside the button.
 * @param {Element} button
 */
export function isHasty(button) {
  sample();
  if (performance.now() - disturbedAt >= CALM_MILLISECONDS) return false;
  hint.remove();
  hint = html("p", { class: "field-hint", role: "alert", text: words, data: { test: "calm-hint" } });
  (button.parentElement ?? button).after(hint);
  return true;
}

function settle() {
  delete document.documentElement.dataset.calm;
  hint.remove();
}

/** Compares position and size of the window with the last sample, because browsers report no event for a move. */
function sample() {
  const now = [screenX, screenY, outerWidth, outerHeight, innerWidth, innerHeight, devicePixelRatio].join();
  if (now !== place) disturb();
  place = now;
}

for (const type of ["focus", "resize", "pageshow"]) addEventListener(type, disturb);
document.addEventListener("visibilitychange", disturb);
// This covers the Enter key too, which clicks the button of a form.
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-agrees]") : null;
  if (!button || !isHasty(button)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
setInterval(sample, SAMPLE_MILLISECONDS);
sample();
