/**
 * The note in the letter's window about the writer's certificate: the certificate expires soon, has expired, or is not
 * valid yet.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { inDays } from "../../wasm_build/ui/formats.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { expiryOf } from "../shared/expiry.js";
import { day, translate } from "../texts/texts.js";
import { ask } from "../shared/request.js";

/** @typedef {import("./courier.js").OwnIdentity} OwnIdentity */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */

const WORDS = { soon: "compose_own_soon", "very-soon": "compose_own_soon", expired: "compose_own_expired", "not-yet": "compose_own_not_yet" };

/** @param {OwnIdentity | null} identity @returns {HTMLElement | string} "" for an identity that stays valid for long */
export function createExpiryNote(identity) {
  const state = identity ? expiryOf(identity).state : "good";
  if (!identity || state === "good") return "";
  const renew = html("button", {
    type: "button", text: translate("keys_renew"), data: { test: "own-renew" }, on: { click: () => void ask("options.open", { section: "identities" }) },
  });
  return html("div", { class: "own-expiry", data: { test: "own-expiry", expiry: state } },
    html("p", { class: "with-mark" }, readinessMark(mayBeUsed(state) ? "soon" : "cannot", ""), html("span", { text: sentence(identity) })), renew);
}

/** @param {OwnIdentity} identity @returns {Obstacle[]} an obstacle to signing if the certificate is not valid now */
export function expiryObstacle(identity) {
  const isUsable = mayBeUsed(expiryOf(identity).state);
  return isUsable ? [] : [{ code: "own-expired", text: sentence(identity), remedies: ["sign-off"] }];
}

/** @param {import("../shared/expiry.js").ExpiryState} state */
function mayBeUsed(state) {
  return state !== "expired" && state !== "not-yet";
}

/** @param {OwnIdentity} identity */
function sentence(identity) {
  const { state, days } = expiryOf(identity);
  if (state === "good") return "";
  return translate(WORDS[state], { date: day(state === "not-yet" ? identity.notBefore : identity.notAfter), when: inDays(days) });
}
