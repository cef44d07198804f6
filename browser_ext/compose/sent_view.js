/** The view that replaces a letter that has left: its beginning and its recipients. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { createEncryptedBlock } from "../../wasm_build/ui/encrypted_block.js";
import { whatWillLeave } from "../../wasm_build/ui/sending_plan.js";
import { leavingMark } from "../../wasm_build/ui/state_mark.js";
import { text } from "../shared/i18n.js";

/**
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {{
 *   letter: import("../../wasm_build/ui/sending_plan.js").Letter, deliver: string, origin: string, shown: ArrayBuffer | null, isHandedOver: boolean,
 *   byBridge?: import("../background/bridge_sending.js").Result, onClose: () => void,
 * }} sent `shown` is the beginning of the first message
 */
export function createSentView(translate, { letter, deliver, origin, shown, isHandedOver, byBridge, onClose }) {
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
    deliver === "file" ? html("p", { text: origin ? text("composeSavedHint", isolate(origin)) : text("composeSavedNext"), data: { test: "saved-hint" } }) : "",
    byBridge?.outcome === "sent" && byBridge.copy !== "unwanted" ? html("p", {
      text: text(byBridge.copy === "kept" ? "bridgeCopyKept" : "bridgeNoCopy", isolate(byBridge.host)), data: { test: "sent-copy" },
    }) : "",
    ...(letter.encrypt && shown ? [createEncryptedBlock(shown, translate("encrypted_block"))] : []),
    html("div", { class: "actions" }, close),
  ];
  return { heading, parts };
}
