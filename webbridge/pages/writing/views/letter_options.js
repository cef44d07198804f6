/**
 * The rarer options of a letter in the pages: a signed receipt, the copy in Sent, and the timestamp and security label that
 * the bridge offers for signatures, and the time of sending.
 */

import { LetterOptions } from "../../../../wasm_build/writing/letter_options.js";
import { createCopyField } from "../copy_choice.js";

/**
 * @param {import("../../../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {import("../../../../wasm_build/writing/composition.js").Composition} composition
 * @param {{
 *   offers: import("../../../../wasm_build/ui/signature_options.js").SignatureOffers, isOwnComputer: boolean,
 *   later: import("./send_later.js").SendLater,
 * }} options
 */
export function createLetterOptions(translate, composition, { offers, isOwnComputer, later }) {
  const copy = createCopyField(translate, {
    label: translate("copy_label"), as: translate("copy_as_chosen"), test: "compose-copy",
  });
  if (composition.values.copy !== null) copy.wish = composition.values.copy;
  copy.select.addEventListener("change", () => composition.set({ copy: copy.wish }));
  return new LetterOptions(translate, composition, {
    ...offers, receiptHint: translate(isOwnComputer ? "ask_receipt_hint" : "ask_receipt_hint_here"), further: [copy.element, later.element],
  });
}
