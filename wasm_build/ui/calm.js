/**
 * Calm windows: a button that agrees obeys only once its window has been as it is for a second. A page can bring a window
 * up, move it or have it drawn anew under a click or a key that was meant for something else; such a click does nothing.
 * Buttons that refuse always obey.
 *
 * A button that agrees has the attribute `data-agrees`. While it does not obey, the document says so by
 * `data-calm="waiting"` on its root.
 */
import { html } from "./dom.js";

const CALM_MILLISECONDS = 1000;
const SAMPLE_MILLISECONDS = 100;

let disturbedAt = 0;
let place = "";
/** What is said after a click that came too early. */
let hint = html("p");
let words = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settling;

/** The sentence for a click that came too early. @param {string} sentence */
export function explainCalm(sentence) {
  words = sentence;
}

/** What the window shows has changed: it has to be calm anew before something is agreed to. */
export function disturb() {
  disturbedAt = performance.now();
  document.documentElement.dataset.calm = "waiting";
  clearTimeout(settling);
  settling = setTimeout(settle, CALM_MILLISECONDS);
}

/**
 * Whether a button may not obey yet; then says so beside it.
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

/** No event tells that a window was moved. */
function sample() {
  const now = [screenX, screenY, outerWidth, outerHeight, innerWidth, innerHeight, devicePixelRatio].join();
  if (now !== place) disturb();
  place = now;
}

for (const type of ["focus", "resize", "pageshow"]) addEventListener(type, disturb);
document.addEventListener("visibilitychange", disturb);
// Enter in a form clicks its button too.
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-agrees]") : null;
  if (!button || !isHasty(button)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
setInterval(sample, SAMPLE_MILLISECONDS);
sample();
