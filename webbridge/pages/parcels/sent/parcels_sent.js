/**
 * The content of the view "Secure messages": the parcels of the account, and the tokens of its programs.
 *
 * This is a separate script, which `sent_parcels_view.js` loads when the view is first shown. Functions that may exist only
 * once in a document come from the pages: those for questions, dialogs, and unique ids.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { SentList } from "./sent_list.js";
import { createTokenSection } from "./token_section.js";

/**
 * @typedef {Pick<typeof import("../../../../wasm_build/ui/ask.js"), "ask">
 *   & Pick<typeof import("../../../../wasm_build/ui/dom.js"), "createForm" | "inputField" | "openDialog" | "problem" | "uniqueId" | "whileBusy">} Parts
 */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("./parcel_errors.js").ParcelErrorServices} ParcelErrorServices */
/** @typedef {{api: BridgeApi, address: string | null, announceHere: Announce} & ParcelErrorServices} SentParcelsServices */
/** @typedef {{services: SentParcelsServices, parts: Parts, limits: {maxDays: number}}} Given what the content gets from the pages */
/** @typedef {{createContent: (given: Given) => {element: HTMLElement, close: () => void}}} SentParcels */

/** @type {SentParcels["createContent"]} */
function createContent(given) {
  const list = new SentList(given);
  const tokens = createTokenSection(given);
  return { element: html("div", { class: "stack sent-parcels" }, list.element, tokens.element), close: tokens.close };
}

/** @type {SentParcels} */
const content = { createContent };
Object.assign(globalThis, { sealwaxSentParcels: content });
