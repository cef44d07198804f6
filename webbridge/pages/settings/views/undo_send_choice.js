/** The field for the seconds in which a sent message can be taken back. */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { duration } from "../../../../wasm_build/ui/formats.js";
import { chooseUndoSeconds, UNDO_SECONDS, undoSeconds } from "../../writing/undo_send_choice.js";

/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue,
 *   kept: Pick<import("../../trust/kept_trust.js").KeptTrust, "keeping">,
 * }} UndoSendServices
 */

/** @param {UndoSendServices} services @returns {HTMLElement} */
export function createUndoSendChoice({ translate, kept }) {
  const [id, hint] = [uniqueId("undo-send"), uniqueId("undo-send-hint")];
  const isOwnComputer = kept.keeping !== "off";
  const words = (/** @type {number} */ seconds) => (seconds === 0 ? translate("undo_send_off") : duration(seconds, "second"));
  const select = html(
    "select",
    {
      id, "aria-describedby": hint, disabled: !isOwnComputer, data: { test: "undo-seconds" },
      on: { change: () => chooseUndoSeconds(Number(select.value), isOwnComputer) },
    },
    ...UNDO_SECONDS.map((seconds) =>
      html("option", { value: String(seconds), selected: seconds === (isOwnComputer ? undoSeconds() : 0), text: words(seconds) })),
  );
  return html(
    "div", { class: "field" },
    html("label", { for: id, text: translate("undo_send_label") }), select,
    html("p", { class: "field-hint", id: hint, text: translate(isOwnComputer ? "undo_send_hint" : "undo_send_not_here") }),
  );
}
