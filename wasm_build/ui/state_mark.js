/**
 * The marks of the five states of a message, and other marks. A state is shown with a shape, a word and a sentence,
 * never only with a colour.
 *
 * Shapes are drawn with DOM calls. A mark has a title for screen readers, unless the text beside it says the same.
 */

import { html, sentenceNodes, svg, uniqueId } from "./dom.js";

/** @typedef {import("./catalogue.js").Translate} Translate */
/** @typedef {"verified" | "signed-unverified" | "invalid" | "encrypted-only" | "plain" | "openpgp"} State "openpgp" is shown in place of "plain" */

/** @type {readonly State[]} */
export const STATES = ["verified", "signed-unverified", "invalid", "encrypted-only", "plain"];

/** The outline of a wax seal, which is uneven. */
const SEAL = "M12 1.8l2.6 1.5 3-.2 1.3 2.7 2.5 1.6-.3 3 1 2.8-2 2.2-.7 2.9-2.9.8-2.1 2.1-2.9-.7-2.9.6-2.1-2.2-2.8-.9"
  + "-.6-2.9-2-2.3 1.1-2.7-.2-3 2.6-1.5 1.4-2.6 3 .3z";
const LETTER = "M15.1 8.9c-.7-1-1.8-1.5-3.1-1.5-1.8 0-3.1.9-3.1 2.3 0 3.2 6.3 1.6 6.3 4.8 0 1.4-1.3 2.3-3.2 2.3"
  + "-1.4 0-2.6-.5-3.3-1.5";
const LEFT_HALF = "M11 2.2L9.5 3.3l-3-.3-1.4 2.6-2.6 1.5.2 3-1.1 2.7 2 2.3.6 2.9 2.8.9 2.1 2.2 1.9-.4"
  + " 1-4.4-2-3.5 1.9-3.6z";
const RIGHT_HALF = "M14.2 3.2l3.4-.1 1.3 2.7 2.5 1.6-.3 3 1 2.8-2 2.2-.7 2.9-2.9.8-2.1 2.1-1.9-.5 1-4-2-3.6 1.9-3.6z";

/**
 * The shapes of the states: paths to fill and paths to stroke, on a grid of 24 by 24.
 * @type {Record<State, {filled?: string[], cut?: string, lines?: string[]}>}
 */
const SHAPES = {
  verified: { filled: [SEAL], cut: "M7.8 12.2l3 3 5.4-6" },
  "signed-unverified": { lines: [SEAL, "M9.6 9.6a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.2.9-1.2 1.9", "M12 16.6v.2"] },
  invalid: { filled: [LEFT_HALF, RIGHT_HALF] },
  "encrypted-only": { lines: ["M2.5 5.5h19v13h-19z", "M2.5 6l9.5 7 9.5-7"] },
  plain: { lines: ["M2.5 10v9.5h19V10", "M2.5 10L12 3l9.5 7L12 16z"] },
  openpgp: { lines: ["M2.5 5.5h19v13h-19z", "M9.9 10.2a2.1 2.1 0 1 1 3 1.9c-.6.3-.9.7-.9 1.5", "M12 15.7v.2"] },
};

/**
 * The mark of a state. Its title is the word of the state.
 * @param {State} state
 * @param {Translate} translate
 * @param {{size?: number}} [options]
 */
export function stateMark(state, translate, { size = 24 } = {}) {
  return drawMark(SHAPES[state], `mark mark-${state}`, translate(wordKey(state)), size);
}

/**
 * The statement of a state: mark, word and sentence.
 * @param {State} state
 * @param {Translate} translate
 * @param {{sentence?: string}} [options] `sentence` replaces the general sentence of the state
 */
export function stateStatement(state, translate, { sentence } = {}) {
  const mark = stateMark(state, translate, { size: 32 });
  // The word is beside the mark, so the mark is hidden from screen readers.
  mark.setAttribute("aria-hidden", "true");
  return html(
    "div",
    { class: `state-statement state-${state}`, data: { state } },
    mark,
    html(
      "p",
      { class: "state-text" },
      html("strong", { class: "state-word", text: translate(wordKey(state)) }),
      " ",
      html("span", { class: "state-sentence" }, ...sentenceNodes(sentence ?? translate(sentenceKey(state)))),
    ),
  );
}

/**
 * The mark of encryption. It is beside the mark of the state and never replaces it.
 * @param {string} title
 * @param {{size?: number}} [options]
 */
export function lockMark(title, { size = 24 } = {}) {
  const lines = ["M5 10.5h14v10H5z", "M8 10.5V7a4 4 0 0 1 8 0v3.5", "M12 14.5v2.5"];
  return drawMark({ lines }, "mark mark-lock", title, size);
}

/**
 * The mark of an unopened message in a list: signed, encrypted or neither. It has no colour, because nothing is proved yet.
 * @param {"signed" | "sealed" | "openpgp" | null} protection the value from the bridge; "sealed" means encrypted by S/MIME
 * @param {Translate} translate
 */
export function protectionMark(protection, translate) {
  const key = protection === "sealed" ? "encrypted" : protection ?? "none";
  const shape = { signed: { lines: [SEAL] }, encrypted: SHAPES["encrypted-only"], openpgp: SHAPES.openpgp, none: SHAPES.plain }[key];
  return drawMark(shape, `mark mark-small mark-list-${key}`, translate(`protection_${key}`), 20);
}

/**
 * The mark of a letter to be sent: a closed envelope if encrypted, a seal if only signed, else an open envelope. It has
 * no title, because its sentence is beside it.
 * @param {{sign: boolean, encrypt: boolean}} letter
 */
export function leavingMark({ sign, encrypt }) {
  const state = encrypt ? "encrypted-only" : "plain";
  const shape = sign && !encrypt ? { lines: [SEAL] } : SHAPES[state];
  return drawMark(shape, `mark mark-${state}`, "", 28);
}

const READINESS = {
  ready: ["M12 3a9 9 0 1 0 .01 0", "M8 12.2l3 3 5-6"],
  soon: ["M12 3a9 9 0 1 0 .01 0", "M12 7v5.5l3.5 2"],
  asking: ["M6 12h.01", "M12 12h.01", "M18 12h.01"],
  cannot: ["M12 3a9 9 0 1 0 .01 0", "M6 6l12 12"],
};

/**
 * The mark that shows whether mail can be encrypted for a person.
 * @param {"ready" | "soon" | "asking" | "cannot"} readiness
 * @param {string} title
 */
export function readinessMark(readiness, title) {
  return drawMark({ lines: READINESS[readiness] }, `mark mark-small readiness-${readiness}`, title, 20);
}

const NODES = {
  good: ["M12 3a9 9 0 1 0 .01 0", "M8 12.2l3 3 5-6"],
  bad: ["M12 3a9 9 0 1 0 .01 0", "M8.5 8.5l7 7", "M15.5 8.5l-7 7"],
  open: ["M12 3a9 9 0 1 0 .01 0", "M9.7 9.7a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.9-1.1 1.8", "M12 16.4v.2"],
};

/**
 * The mark of a certificate in a path. It has no title, because its word is beside it.
 * @param {"good" | "bad" | "open"} mark
 */
export function nodeMark(mark) {
  return drawMark({ lines: NODES[mark] }, `mark mark-small node-${mark}`, "", 24);
}

/**
 * The statement to show while look-ups are open. Its mark is the outline of a seal without colour, because nothing is
 * proved yet.
 * @param {Translate} translate
 */
export function checkingStatement(translate) {
  return html(
    "div",
    { class: "state-statement state-checking" },
    drawMark({ lines: [SEAL, "M8 12h.01", "M12 12h.01", "M16 12h.01"] }, "mark mark-checking", "", 32),
    html(
      "p",
      { class: "state-text" },
      html("strong", { class: "state-word", text: translate("state_checking_word") }),
      " ",
      html("span", { class: "state-sentence", text: translate("state_checking_sentence") }),
    ),
  );
}

/**
 * The seal of Sealwax, shown on a text that was encrypted. It has the letter S and no tick, because it is no verdict.
 */
export function waxSeal() {
  return drawMark({ filled: [SEAL], cut: LETTER }, "mark wax-seal", "", 72);
}

/**
 * The word for the worst of the states; "" without states.
 * @param {State[]} states
 * @param {Translate} translate
 */
export function stateWord(states, translate) {
  const worst = STATES.findLast((state) => states.includes(state));
  return worst ? translate(wordKey(worst)) : "";
}

/** @param {State} state */
export function wordKey(state) {
  return `state_${state.replace("-", "_")}_word`;
}

/** @param {State} state */
export function sentenceKey(state) {
  return `state_${state.replace("-", "_")}_sentence`;
}

/**
 * @param {{filled?: string[], cut?: string, lines?: string[]}} shape
 * @param {string} classes
 * @param {string} title
 * @param {number} size
 */
function drawMark({ filled = [], cut, lines = [] }, classes, title, size) {
  const id = uniqueId("mark");
  // A mark without a title only repeats the text beside it.
  const spoken = title ? { role: "img", "aria-labelledby": id } : { "aria-hidden": "true" };
  return svg(
    "svg",
    { class: classes, viewBox: "0 0 24 24", width: size, height: size, ...spoken },
    title ? svg("title", { id, text: title }) : null,
    ...filled.map((d) => svg("path", { d, class: "mark-fill" })),
    ...lines.map((d) => svg("path", { d, class: "mark-line" })),
    cut ? svg("path", { d: cut, class: "mark-cut" }) : null,
  );
}
