/** The view after a letter was sent: the sentence that tells how it was sent, and the encrypted block. */

import { html } from "../../../wasm_build/ui/dom.js";
import { leavingMark } from "../../../wasm_build/ui/state_mark.js";

/** @typedef {import("../app.js").App} App */

/**
 * @param {App} app
 * @param {{
 *   letter: import("../../../wasm_build/ui/sending_plan.js").Letter, sentence: string, block: HTMLElement | null,
 *   submission: import("../api.js").Submission,
 * }} sent
 */
export function createSentView(app, { letter, sentence, block, submission }) {
  const { translate } = app;
  const heading = html("h1", { tabindex: -1, text: translate("sent"), data: { test: "sent" } });
  const again = html("button", { type: "button", text: translate("write_another"), on: { click: () => app.write() } });
  const back = html("button", {
    type: "button", class: "primary", text: translate("to_the_mail"), data: { test: "sent-back" },
    on: { click: () => app.endWriting() },
  });
  const parts = [
    heading,
    html(
      "div",
      { class: "plan" },
      html("div", { class: "plan-line" }, leavingMark(letter), html("p", { text: sentence, data: { test: "left" } })),
    ),
    block,
    html("p", { class: "note", text: copySentence(translate, submission), data: { test: "sent-copy" } }),
    html("div", { class: "actions" }, back, again),
  ].filter((part) => part !== null);
  return { heading, parts };
}

/**
 * @param {App["translate"]} translate
 * @param {import("../api.js").Submission} submission
 */
function copySentence(translate, { savedTo, copy }) {
  if (savedTo === null) return translate(copy === false ? "copy_not_wanted" : "copy_not_kept");
  return typeof copy === "number" ? translate("copy_kept_days", { count: copy }) : translate("copy_kept");
}
