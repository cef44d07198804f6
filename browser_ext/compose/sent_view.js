/**
 * The view that replaces a sent letter. It shows the letter's beginning, its recipients, and the parcels in which it
 * was sent.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { createEncryptedBlock } from "../../wasm_build/ui/encrypted_block.js";
import { whatWillLeave } from "../../wasm_build/ui/sending_plan.js";
import { leavingMark } from "../../wasm_build/ui/state_mark.js";
import { translate } from "../texts/texts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {{heading: HTMLElement, parts: (Node | string)[]}} SentView */
/**
 * A letter that was sent as a parcel. `letter` has the people who got it by mail, and `delivered` is the outcome of that mail;
 * null if nobody got a mail.
 * @typedef {{way: import("../background/parcels/parcel_letters.js").Way, letter: Letter, delivered: ReplyTo<"compose.send"> | null}} SentParcel
 */

/**
 * @param {Catalogue} translate
 * @param {{
 *   letter: Letter, deliver: string, origin: string, shown: ArrayBuffer | null, isHandedOver: boolean,
 *   byBridge?: import("../background/writing/bridge_sending.js").Result, onClose: () => void,
 * }} sent `shown` is the beginning of the first message
 * @returns {SentView}
 */
export function createSentView(translate, { letter, deliver, origin, shown, isHandedOver, byBridge, onClose }) {
  const title = isHandedOver ? translate("compose_handed_over") : deliver === "file" ? translate("compose_saved") : translate("sent");
  const heading = html("h1", { tabindex: -1, text: title, data: { test: "sent" } });
  return { heading, parts: [
    heading,
    ...createMailParts(translate, { letter, deliver, origin, isHandedOver, byBridge }),
    ...(letter.encrypt && shown ? [createEncryptedBlock(shown, translate("encrypted_block"))] : []),
    createActions(onClose),
  ] };
}

/**
 * @param {Catalogue} translate
 * @param {SentParcel} parcel
 * @param {{deliver: string, origin: string, isHandedOver: boolean, onClose: () => void}} sent
 * @returns {SentView}
 */
export function createSentParcelView(translate, { way, letter, delivered }, { deliver, origin, isHandedOver, onClose }) {
  const heading = html("h1", { tabindex: -1, text: translate("sent"), data: { test: "sent" } });
  const list = html("a", {
    class: "button", href: `${way.pages}#/parcels`, target: "_blank", rel: "noopener noreferrer", text: translate("sent_parcels"), data: { test: "parcel-list" },
  });
  return { heading, parts: [
    heading, html("p", { text: translate("parcel_waits", { host: isolate(way.host) }), data: { test: "parcel-waits" } }),
    ...(delivered ? createMailParts(translate, { letter, deliver, origin, isHandedOver, byBridge: delivered.byBridge }) : []),
    createActions(onClose, list),
  ] };
}

/**
 * Sentences on how the mail was sent, and what the person still has to do.
 * @param {Catalogue} translate
 * @param {{letter: Letter, deliver: string, origin: string, isHandedOver: boolean, byBridge?: import("../background/writing/bridge_sending.js").Result}} sent
 */
function createMailParts(translate, { letter, deliver, origin, isHandedOver, byBridge }) {
  const sentence = html("p", { text: whatWillLeave(letter, translate), data: { test: "left" } });
  return [
    html("div", { class: "plan" }, html("div", { class: "plan-line" }, leavingMark(letter), sentence)),
    isHandedOver ? html("p", { class: "warning", text: translate("compose_handed_over_hint"), data: { test: "handed-over" } }) : "",
    deliver === "file" ? html("p", { text: origin ? translate("compose_saved_hint", { site: isolate(origin) }) : translate("compose_saved_next"), data: { test: "saved-hint" } }) : "",
    byBridge?.outcome === "sent" && byBridge.copy !== "unwanted" ? html("p", {
      text: translate(byBridge.copy === "kept" ? "bridge_copy_kept" : "bridge_no_copy", { host: isolate(byBridge.host) }), data: { test: "sent-copy" },
    }) : "",
  ];
}

/** @param {() => void} onClose @param {...HTMLElement} others */
function createActions(onClose, ...others) {
  return html("div", { class: "actions" }, html("button", {
    type: "button", class: "primary", text: translate("close"), data: { test: "close" }, on: { click: onClose },
  }), ...others);
}
