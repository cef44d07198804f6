/** What is known of the certificate that a letter would be sealed for. */
import { html, sentenceNodes, uniqueId } from "../runtime/ui/dom.js";
import { createPathTree } from "../runtime/ui/path_tree.js";
import { recipientState, sourceWords } from "../runtime/ui/recipient_words.js";
import { readinessMark } from "../runtime/ui/state_mark.js";
import { recipientSentence } from "../runtime/ui/verdict_words.js";
import { describeCertificate } from "../shared/certificate_card.js";
import { day } from "../shared/i18n.js";

/**
 * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
 * @param {string} address
 * @param {import("../runtime/ui/recipient_words.js").RecipientCheck} check
 */
export function showRecipient(translate, address, check) {
  const id = uniqueId("dialog");
  const { kind, word } = recipientState(translate, check, day);
  const remarks = [...check.reasons, ...check.warnings].map((remark) =>
    html("li", {}, ...sentenceNodes(recipientSentence(translate, remark))));
  const dialog = html("dialog", { class: "dialog", "aria-labelledby": id, on: { close: () => dialog.remove() }, data: { test: "recipient-dialog" } },
    html("h2", { id, dir: "auto", text: translate("certificate_of", { address }) }),
    html("p", { class: "with-mark" }, readinessMark(kind, ""), html("strong", { text: word })),
    remarks.length ? html("ul", {}, ...remarks) : null,
    html("p", { text: `${translate("certificate_where")}: ${sourceWords(translate, check)}`, dir: "auto" }),
    createPathTree(translate, check.tree, {
      find: (wanted) => [check, ...check.path].find(({ fingerprint }) => fingerprint === wanted) ?? null, day, trail: check.trail,
    }),
    describeCertificate(/** @type {any} */ (check)),
    html("div", { class: "actions" }, html("button", {
      type: "button", autofocus: true, text: translate("close"), data: { test: "dialog-close" }, on: { click: () => dialog.close() },
    })));
  document.body.append(dialog);
  dialog.showModal();
}
