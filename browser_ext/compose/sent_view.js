/** What takes the place of the letter when it has left: what left, and for whom. */
import { html } from "../runtime/ui/dom.js";
import { isolate } from "../runtime/ui/formats.js";
import { createSealedBlock } from "../runtime/ui/sealing_block.js";
import { whatWillLeave } from "../runtime/ui/sending_plan.js";
import { leavingMark } from "../runtime/ui/state_mark.js";
import { text } from "../shared/i18n.js";

/**
 * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
 * @param {{
 *   letter: import("../runtime/ui/sending_plan.js").Letter, deliver: string, origin: string, shown: ArrayBuffer | null, isHandedOver: boolean,
 *   onClose: () => void,
 * }} sent `shown` is the beginning of what left
 */
export function createSentView(translate, { letter, deliver, origin, shown, isHandedOver, onClose }) {
  const title = isHandedOver ? text("composeHandedOver") : deliver === "file" ? text("composeSaved") : translate("sent");
  const heading = html("h1", { tabindex: -1, text: title, data: { test: "sent" } });
  const close = html("button", {
    type: "button", class: "primary", text: text("verbClose"), data: { test: "close" }, on: { click: onClose },
  });
  const sentence = html("p", { text: whatWillLeave(letter, translate), data: { test: "left" } });
  const parts = [
    heading,
    html("div", { class: "plan" }, html("div", { class: "plan-line" }, leavingMark(letter), sentence)),
    isHandedOver ? html("p", { class: "warning", text: text("composeHandedOverHint"), data: { test: "handed-over" } }) : "",
    deliver === "file" && origin ? html("p", { text: text("composeSavedHint", isolate(origin)), data: { test: "saved-hint" } }) : "",
    ...(letter.seal && shown ? [createSealedBlock(shown, translate("sealed_block"))] : []),
    html("div", { class: "actions" }, close),
  ];
  return { heading, parts };
}
