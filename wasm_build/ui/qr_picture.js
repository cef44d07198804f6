/** A QR code as a picture, which scales without blur. */

import { encode } from "../../node_modules/uqr/dist/index.mjs";
import { svg } from "./dom.js";

/** Readers need a light edge of four modules around the code (ISO/IEC 18004 section 9.1). */
const EDGE_MODULES = 4;

/**
 * @param {string} text
 * @param {string} label for screen readers
 */
export function createQrPicture(text, label) {
  const { data, size } = encode(text, { ecc: "M", border: EDGE_MODULES });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return svg(
    "svg", { class: "qr-picture", role: "img", "aria-label": label, viewBox: `0 0 ${size} ${size}`, "shape-rendering": "crispEdges" },
    // The colours are the same in dark mode, because many cameras cannot read a code that is light on dark.
    svg("rect", { width: size, height: size, fill: "#ffffff" }), svg("path", { d: dark, fill: "#000000" }),
  );
}
