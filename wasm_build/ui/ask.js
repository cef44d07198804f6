/** The question before something is lost. */

import { disturb } from "./calm.js";
import { html, openDialog, uniqueId } from "./dom.js";

/**
 * Asks the person before something is lost. `onKeep` is called if the person presses the first button, `onGo` only if they press the
 * second. The second button is red if its action cannot be undone.
 * @param {{
 *   title: string, meaning: string, keep: string, go: string, test: string, onKeep?: () => void, onGo: () => void, isDanger?: boolean,
 * }} question
 */
export function ask({ title, meaning, keep, go, test, onKeep, onGo, isDanger = false }) {
  const titleId = uniqueId("question");
  const answer = (/** @type {(() => void) | undefined} */ act) => ({ click: () => { dialog.close(); act?.(); } });
  const dialog = openDialog(
    { titleId, isWide: false },
    html("h2", { id: titleId, text: title }),
    html("p", { text: meaning }),
    html(
      "div",
      { class: "actions" },
      html("button", { type: "button", text: keep, on: answer(onKeep) }),
      html("button", {
        class: isDanger ? "danger" : "primary", type: "button", text: go, data: { agrees: "", test }, on: answer(onGo),
      }),
    ),
  );
  disturb();
}
