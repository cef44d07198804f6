/** The box beside a person who may read: authorities are asked about somebody once that person is ticked. */
import { html } from "../runtime/ui/dom.js";
import { ask } from "./request.js";

/** @typedef {import("../runtime/ui/recipient_words.js").RecipientCheck & {isUnasked: boolean}} Reader */

/**
 * @param {Reader} info brought up to date by what the authorities said
 * @param {{id: string, chosen: Set<string>, onChecked: () => void, onFailed: (error: unknown) => void}} options `chosen`
 *   holds fingerprints
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
 * Puts a card that was drawn anew in the place of the one that holds this box; the focus stays where it was.
 * @param {HTMLElement} box @param {HTMLElement} card
 */
export function replaceCard(box, card) {
  const hadFocus = document.activeElement === box;
  box.closest("li")?.replaceWith(card);
  if (hadFocus) card.querySelector("input")?.focus();
}
