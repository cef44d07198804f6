/** The box that ticks a person as a reader. After a tick, the extension asks the certificate's authorities about it. */
import { html } from "../../wasm_build/ui/dom.js";
import { ask } from "./request.js";

/** @typedef {import("../../wasm_build/ui/recipient_words.js").RecipientCheck & {isUnasked: boolean}} Reader */

/**
 * @param {Reader} info updated in place when the authorities have answered
 * @param {{id: string, chosen: Set<string>, onChecked: () => void, onFailed: (error: unknown) => void}} options `chosen`
 *   are the fingerprints of the ticked people
 */
export function createReaderBox(info, { id, chosen, onChecked, onFailed }) {
  const { fingerprint, usable, isUnasked } = info;
  const box = html("input", { type: "checkbox", id, checked: chosen.has(fingerprint), disabled: !usable && !isUnasked });
  box.addEventListener("change", () => {
    if (!box.checked) chosen.delete(fingerprint);
    else chosen.add(fingerprint);
    if (box.checked && info.isUnasked) void check().catch(onFailed);
  });
  async function check() {
    Object.assign(info, await ask("people.check", { fingerprint }));
    if (!info.usable) chosen.delete(fingerprint);
    onChecked();
  }
  return box;
}

/**
 * Replaces the card of this box with a new card, whose box gets the focus if the old box had it.
 * @param {HTMLElement} box @param {HTMLElement} card
 */
export function replaceCard(box, card) {
  const hadFocus = document.activeElement === box;
  box.closest("li")?.replaceWith(card);
  if (hadFocus) card.querySelector("input")?.focus();
}
