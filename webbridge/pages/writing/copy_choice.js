/** The field for the copy of sent messages: kept, not kept, or deleted after some days. */

import { html, uniqueId } from "../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../app/service_answers.js").CopyWish} CopyWish */

const OFFERED_DAYS = [7, 30, 90, 365];

/**
 * @param {Catalogue} translate
 * @param {{label: string, hint?: string, as?: string, test: string}} options `as`: the label of a first choice, which
 *   leaves the decision to the choice for all messages
 */
export function createCopyField(translate, { label, hint = "", as = "", test }) {
  const id = uniqueId("copy");
  const select = html("select", { id, "aria-describedby": hint ? `${id}-hint` : null, data: { test } });
  const add = (/** @type {CopyWish} */ wish) => {
    select.append(html("option", { value: String(wish), text: copyWords(translate, wish) }));
  };
  if (as) select.append(html("option", { value: "", text: as }));
  [true, false, ...OFFERED_DAYS].forEach(add);
  const element = html(
    "div",
    { class: "field" },
    html("label", { for: id, text: label }),
    select,
    hint ? html("p", { class: "field-hint", id: `${id}-hint`, text: hint }) : null,
  );
  return {
    element,
    select,
    /** The chosen wish; null for the choice `as`. @returns {CopyWish | null} */
    get wish() {
      return select.value === "" ? null : JSON.parse(select.value);
    },
    /** @param {CopyWish} wish which may have been chosen elsewhere, with a number of days that is not offered here */
    set wish(wish) {
      if (![...select.options].some(({ value }) => value === String(wish))) add(wish);
      select.value = String(wish);
    },
  };
}

/**
 * @param {Catalogue} translate
 * @param {CopyWish} wish
 */
function copyWords(translate, wish) {
  return typeof wish === "number" ? translate("copy_days", { count: wish }) : translate(wish ? "copy_stays" : "copy_none");
}
