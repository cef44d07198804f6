/**
 * The dialog that says that a mail login has reset the account, or that the reset was undone. The dialog is shown
 * before the account's keys are used.
 */

import { disturb } from "./calm.js";
import { html, openDialog, uniqueId } from "./dom.js";
import { ApiError } from "../vault/server/json_requests.js";

const UNDONE = "undone";
/** A hyphen at which no line breaks. */
const HYPHEN = "\u2011";

/**
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {string} reset the day, as 2026-01-31, or `undone`
 * @returns {Promise<void>} rejects with `reset-not-accepted` if the person does not go on
 */
export function askReset(translate, reset) {
  return new Promise((resolve, reject) => {
    const titleId = uniqueId("reset");
    const go = html("button", {
      type: "button", text: translate("reset_go"), data: { agrees: "", test: "reset-go" },
      on: { click: () => { resolve(); dialog.close(); } },
    });
    const stay = html("button", {
      type: "button", autofocus: true, text: translate("reset_stay"), data: { test: "reset-stay" },
      on: { click: () => dialog.close() },
    });
    const kind = reset === UNDONE ? "undone" : "done";
    const dialog = openDialog(
      {
        titleId, test: "reset-dialog", isWide: false,
        onClose: () => reject(new ApiError("reset-not-accepted", "the person does not go on with an account that was reset")),
      },
      html("h2", { id: titleId, text: translate(`reset_${kind}_title`, { day: reset.replaceAll("-", HYPHEN) }) }),
      html("p", { text: translate(`reset_${kind}_meaning`) }),
      html("p", { text: translate("reset_question") }),
      html("div", { class: "actions" }, go, stay),
    );
    disturb();
  });
}
