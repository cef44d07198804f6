/** The questions of the writing view before something is sent twice or lost. */

import { ask } from "../../../../wasm_build/ui/ask.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/** The keys of the words of each question, and the name with which tests find its second button. */
const QUESTIONS = {
  again: { title: "send_again_question", meaning: "error_sending_unknown", go: "send_again", test: "send-again-confirm" },
  anew: { title: "send_anew_question", meaning: "error_sending_earlier", go: "send_this_version", test: "send-anew-confirm" },
  elsewhere: {
    title: "draft_elsewhere_question", meaning: "draft_elsewhere_meaning", go: "send_this_version", test: "send-elsewhere-confirm",
  },
  discard: { title: "discard_question", meaning: "discard_question_meaning", go: "discard", test: "discard-confirm" },
};

/**
 * Asks whether to send a letter `again` that was perhaps sent, `anew` after an earlier version, or although it was changed
 * `elsewhere`, or whether to `discard` it.
 * @param {Catalogue} translate
 * @param {keyof typeof QUESTIONS} question
 * @param {() => void} onGo
 */
export function askWriter(translate, question, onGo) {
  const { title, meaning, go, test } = QUESTIONS[question];
  ask({
    title: translate(title), meaning: translate(meaning), keep: translate("keep_writing"), go: translate(go), test, onGo,
  });
}
