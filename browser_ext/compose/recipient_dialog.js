/** The dialog about the certificate for which a letter would be encrypted. */
import { html, openReading, sentenceNodes } from "../../wasm_build/ui/dom.js";
import { createPathTree } from "../../wasm_build/ui/path_tree.js";
import { recipientState, sourceWords } from "../../wasm_build/ui/recipient_words.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { recipientSentence } from "../../wasm_build/ui/verdict_words.js";
import { describeCertificate } from "../shared/certificate_card.js";
import { day } from "../texts/texts.js";

/**
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {string} address
 * @param {RecipientCheck} check
 */
export function showRecipient(translate, address, check) {
  const { kind, word } = recipientState(translate, check, day);
  const remarks = [...check.reasons, ...check.warnings].map((remark) =>
    html("li", {}, ...sentenceNodes(recipientSentence(translate, remark))));
  openReading(translate, translate("certificate_of", { address }), [
    html("p", { class: "with-mark" }, readinessMark(kind, ""), html("strong", { text: word })),
    remarks.length ? html("ul", {}, ...remarks) : null,
    html("p", { text: `${translate("certificate_where")}: ${sourceWords(translate, check)}`, dir: "auto" }),
    createPathTree(translate, check.tree, {
      find: (digest) => [check, ...check.path].find(({ fingerprint }) => fingerprint === digest) ?? null, day, trail: check.trail,
    }),
    describeCertificate(check),
  ], { test: "recipient-dialog", isWide: false });
}
