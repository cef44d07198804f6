/** Shows the person's session at their bridge, which sends messages, beside the setting of the bridge's address. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { translate } from "../texts/texts.js";
import { whenBridgeChanged } from "../shared/bridge_news.js";
import { createOwnOrigin } from "../shared/own_origin.js";
import { ask } from "../shared/request.js";
import { byId } from "./parts.js";

/** Shows the session, and draws it again when it changes. */
export function watchBridge() {
  whenBridgeChanged(() => void showBridge());
}

let shown = "";

/** Draws the session if it has changed. */
export async function showBridge() {
  const { host, address } = await ask("bridge.read");
  const state = JSON.stringify([host, address]);
  if (state === shown) return;
  shown = state;
  byId("bridge").hidden = !host;
  byId("bridge").replaceChildren(...(host ? createSession(host, address) : []));
}

/** @param {string} host @param {string} address @returns {HTMLElement[]} */
function createSession(host, address) {
  const sentence = address ? translate("bridge_signed_in", { address: isolate(address), host: isolate(host) }) : translate("bridge_signed_out", { host: isolate(host) });
  const button = address
    ? html("button", { type: "button", text: translate("sign_out"), data: { test: "bridge-sign-out" }, on: { click: () => void signOut() } })
    : html("button", {
      type: "button", text: translate("sign_in"), data: { test: "bridge-sign-in" }, on: { click: () => void ask("bridge.open", { address: "" }) },
    });
  return [
    html("h3", { text: translate("bridge_title") }), html("p", { text: sentence, data: { test: "bridge-state" } }),
    html("div", { class: "actions" }, button),
    html("p", { class: "field-hint", text: translate("bridge_origin_hint") }), createOwnOrigin(),
  ];
}

async function signOut() {
  await ask("bridge.leave").catch(() => {});
  await showBridge();
}
