/** The part of the view of keys about contacts, decisions and settings at the key server. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../trust/roaming_trust.js").RoamingTrust} RoamingTrust */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: Catalogue, roaming: RoamingTrust, sentenceFor: SentenceFor}} RoamingServices */

/**
 * The part that says whether contacts, decisions and settings are at the key server too, how many entries there do not
 * count, and how many stay in this browser only.
 * @param {RoamingServices} services
 * @returns {{element: HTMLElement, clear: () => void}}
 */
export function createRoamingNote(services) {
  const { translate, roaming } = services;
  const hint = html("p", { class: "field-hint" });
  const failure = problem("roaming-problem");
  const element = html("div", { class: "stack", data: { test: "roaming" } }, hint, failure);
  const draw = () => {
    const { roaming: state, refused, staying, problem: error } = roaming;
    const isTrouble = state === "failed" || state === "ended";
    hint.textContent = isTrouble ? "" : [
      translate("roaming_meaning"),
      staying > 0 ? translate("roaming_staying", { count: staying }) : "",
    ].join(" ").trim();
    failure.textContent = [
      state === "ended" ? translate("roaming_ended") : "",
      state === "failed" ? translate("roaming_failed", { reason: services.sentenceFor(error) }) : "",
      refused.length > 0 ? translate("roaming_refused", { count: refused.length }) : "",
    ].join(" ").trim();
    element.dataset.roaming = state;
  };
  draw();
  roaming.addEventListener("change", draw);
  return { element, clear: () => roaming.removeEventListener("change", draw) };
}
