/** The marks of the states of a parcel. The word of the state is always beside its mark. */

import { svg } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("./parcel_states.js").Look} Look */

const RING = "M12 3a9 9 0 1 0 .01 0";
/** Lines on a grid of 24 by 24. A speech bubble marks a claim, and a sheet with a tick marks a signed report. @type {Record<Look, string[]>} */
const SHAPES = {
  waiting: [RING, "M12 7v5.5l3.5 2"],
  sent: ["M3 11.5L21 4l-5 16.5-4.5-6.5z", "M11.5 14L21 4"],
  claimed: ["M3 4.5h18v12h-9l-4.5 4v-4H3z", "M8 10.5h.01", "M12 10.5h.01", "M16 10.5h.01"],
  signed: ["M5.5 3h13v18h-13z", "M8.5 7.5h7", "M8.5 15l2.5 2.5 4.5-5"],
  ended: [RING, "M7.5 12h9"],
  failed: [RING, "M12 7v6", "M12 16.5v.2"],
};

/** @param {Look} look */
export function parcelMark(look) {
  return svg(
    "svg", { class: `mark mark-small parcel-mark-${look}`, viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true" },
    ...SHAPES[look].map((d) => svg("path", { d, class: "mark-line" })),
  );
}
