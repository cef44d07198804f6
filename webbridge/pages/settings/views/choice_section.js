/** A setting that this browser keeps, as a switch with its title and meaning. */

import { html, switchField } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {{translate: Catalogue, kept: KeptTrust}} ChoiceServices */

/**
 * @param {ChoiceServices} services
 * @param {{
 *   id: string, title: string, meaning: string, label: string, test: string, isOn: boolean,
 *   choose: (isOn: boolean, isOwnComputer: boolean) => void,
 * }} choice with the keys of its words
 */
export function createChoice({ translate, kept }, { id, title, meaning, label, test, isOn, choose }) {
  const { element, input } = switchField(translate(label), test, (isChosen) => choose(isChosen, kept.keeping !== "off"));
  input.checked = isOn;
  return html(
    "section",
    { class: "stack", "aria-labelledby": id },
    html("h2", { id, text: translate(title) }), html("p", { class: "lede", text: translate(meaning) }), element,
  );
}
