/**
 * Draws the person's own pattern. It shows that a window or frame is the extension's, and not the imitation by a web
 * page. A script sets the pattern's gradients, so no web page can read them from a file or style sheet.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { translate } from "../texts/texts.js";
import { ask } from "./request.js";

const SIZES = [8, 12, 18];
const SIZE_KEYS = ["pattern_fine", "pattern_medium", "pattern_coarse"];
/** The text key of each colour, its hue in degrees, and its saturation in per cent. */
const COLOURS = /** @type {const} */ ([
  ["pattern_red", 0, 70], ["pattern_orange", 24, 90], ["pattern_yellow", 48, 90], ["pattern_green", 130, 55],
  ["pattern_turquoise", 178, 75], ["pattern_blue", 215, 75], ["pattern_violet", 265, 60], ["pattern_pink", 325, 70],
  ["pattern_brown", 28, 40], ["pattern_grey", 0, 0],
]);
/**
 * The text key of each shape, and the gradient that paints one tile of it.
 * @type {[string, (ink: string) => string][]}
 */
const SHAPES = [
  ["pattern_dots", (ink) => `radial-gradient(circle, ${ink} 38%, transparent 42%)`],
  ["pattern_rings", (ink) => `radial-gradient(circle, transparent 30%, ${ink} 34% 54%, transparent 58%)`],
  ["pattern_stripes", (ink) => `linear-gradient(90deg, ${ink} 50%, transparent 50%)`],
  ["pattern_slopes", (ink) => `linear-gradient(135deg, ${ink} 25%, transparent 25% 50%, ${ink} 50% 75%, transparent 75%)`],
  ["pattern_grid", (ink) => `linear-gradient(${ink} 25%, transparent 25%), linear-gradient(90deg, ${ink} 25%, transparent 25%)`],
  ["pattern_checks", (ink) => `conic-gradient(${ink} 25%, transparent 25% 50%, ${ink} 50% 75%, transparent 75%)`],
  ["pattern_triangles", (ink) => `linear-gradient(45deg, ${ink} 50%, transparent 50%)`],
  ["pattern_arcs", (ink) => `radial-gradient(circle at 0 100%, transparent 35%, ${ink} 39% 66%, transparent 70%)`],
];

/** Puts the pattern on top of this page. @param {number} number */
export function showPattern(number) {
  const band = html("div", { class: "own-pattern", role: "img", data: { test: "pattern" } });
  paint(band, number);
  // A landmark by which screen readers find the pattern. `display: contents` gives it no box of its own.
  const place = html("header", {}, band);
  place.style.display = "contents";
  document.body.prepend(place);
}

/**
 * The pattern, with a button that chooses another one, for the options page.
 * @returns {Promise<HTMLElement>}
 */
export async function createPatternChoice() {
  const sample = html("div", { class: "own-pattern sample", role: "img", data: { test: "pattern" } });
  const name = html("p", { role: "status", data: { test: "pattern-name" } });
  const show = (/** @type {number} */ number) => {
    paint(sample, number);
    name.textContent = nameOf(number);
  };
  const another = html("button", { type: "button", text: translate("pattern_another"), data: { test: "another-pattern" } });
  another.addEventListener("click", async () => show(await ask("pattern.change")));
  show(await ask("pattern.read"));
  return html("div", { class: "pattern-choice" }, sample, name, another);
}

/** @param {HTMLElement} element @param {number} number */
function paint(element, number) {
  const { colour, shape, size } = partsOf(number);
  const [, hue, saturation] = colour;
  const ink = `light-dark(hsl(${hue} ${saturation}% 42%), hsl(${hue} ${saturation}% 62%))`;
  element.style.backgroundImage = shape[1](ink);
  element.style.backgroundSize = `${size}px ${size}px`;
  element.setAttribute("aria-label", nameOf(number));
}

/**
 * The pattern in words, such as "Your pattern: coarse blue rings", for people who cannot see it.
 * @param {number} number
 */
export function nameOf(number) {
  const { colour, shape, size } = partsOf(number);
  return translate("pattern_name", { size: translate(SIZE_KEYS[SIZES.indexOf(size)]), colour: translate(colour[0]), shape: translate(shape[0]) });
}

/** @param {number} number below 240: 8 shapes × 10 colours × 3 sizes */
function partsOf(number) {
  const shape = SHAPES[number % SHAPES.length];
  const colour = COLOURS[Math.floor(number / SHAPES.length) % COLOURS.length];
  return { shape, colour, size: SIZES[Math.floor(number / (SHAPES.length * COLOURS.length)) % SIZES.length] };
}
