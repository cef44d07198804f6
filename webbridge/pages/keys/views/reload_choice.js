/** The person's choice for how long no passphrase is needed after a reload or in a reopened tab. */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { duration } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./unlocking.js").Unlocking} Unlocking */
/** @typedef {{translate: Catalogue, unlocking: Unlocking}} ReloadChoiceServices */

/**
 * @param {ReloadChoiceServices} services
 * @returns {HTMLElement | null} null on another person's computer, or if the operator forbids the choice
 */
export function createReloadChoice({ translate, unlocking: { reload } }) {
  if (reload.choices.length === 0) return null;
  const [id, hint] = [uniqueId("reload"), uniqueId("reload-hint")];
  const words = (/** @type {number} */ minutes) => (minutes === 0 ? translate("reload_off") : duration(minutes, "minute"));
  const select = html(
    "select",
    { id, "aria-describedby": hint, data: { test: "reload-minutes" }, on: { change: () => void reload.choose(Number(select.value)) } },
    ...[0, ...reload.choices].map((minutes) =>
      html("option", { value: String(minutes), selected: minutes === reload.minutes, text: words(minutes) })),
  );
  return html(
    "section", { class: "field reload-choice" },
    html("label", { for: id, text: translate("reload_label") }), select,
    html("p", { class: "field-hint", id: hint, text: translate("reload_hint") }),
  );
}
