/** Everything that is known of one certificate, in a dialog: how it stands, where it was found, its path, its facts. */

import { createCertificateRows } from "./runtime/ui/certificate_rows.js";
import { html, sentenceNodes, uniqueId } from "./runtime/ui/dom.js";
import { createPathTree } from "./runtime/ui/path_tree.js";
import { recipientState, sourceWords } from "./runtime/ui/recipient_words.js";
import { readinessMark } from "./runtime/ui/state_mark.js";
import { dayOnly } from "./runtime/ui/formats.js";
import { recipientInFull } from "./runtime/ui/verdict_words.js";
import { createFacts } from "./report_details.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./runtime/ui/recipient_words.js").RecipientCheck} RecipientCheck */

/**
 * @param {App} app
 * @param {ArrayBuffer} certificate
 */
export async function showCertificate({ translate, mailVault }, certificate) {
  const page = await mailVault.certificatePage(certificate);
  showDialog(translate, translate("certificate_title", { name: page.title }), [createCertificateRows(translate, page)]);
}

/**
 * @param {App} app
 * @param {string} address
 * @param {RecipientCheck} check
 */
export async function showRecipient({ translate, mailVault }, address, check) {
  const page = await mailVault.certificatePage(check.certificate);
  const { kind, word } = recipientState(translate, check, dayOnly);
  const remarks = [...check.reasons, ...check.warnings];
  showDialog(translate, translate("certificate_of", { address }), [
    html("p", { class: "with-mark" }, readinessMark(kind, ""), html("strong", { text: word })),
    remarks.length > 0 ? html("ul", { class: "reasons" }, ...remarks.map((one) => html("li", {}, ...sentenceNodes(recipientInFull(translate, one, dayOnly))))) : null,
    createPathTree(translate, check.tree, {
      find: (wanted) => [check, ...check.path].find(({ fingerprint }) => fingerprint === wanted) ?? null,
      day: dayOnly,
      trail: check.trail,
    }),
    createFacts([[translate("certificate_where"), sourceWords(translate, check)]]),
    createCertificateRows(translate, page),
  ]);
}

/**
 * @param {App["translate"]} translate
 * @param {string} title
 * @param {(HTMLElement | null)[]} content
 */
function showDialog(translate, title, content) {
  const id = uniqueId("dialog");
  const dialog = html(
    "dialog",
    { class: "dialog wide", "aria-labelledby": id, data: { test: "certificate-dialog" }, on: { close: () => dialog.remove() } },
    html("h2", { id, dir: "auto", text: title }),
    ...content,
    html("div", { class: "actions" }, html("button", {
      type: "button", autofocus: true, text: translate("close"), data: { test: "dialog-close" }, on: { click: () => dialog.close() },
    })),
  );
  document.body.append(dialog);
  dialog.showModal();
}
