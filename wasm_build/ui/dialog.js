/** Modal dialogs, which are removed from the document when they close. */

import { html, uniqueId } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * @param {{titleId: string, test?: string, isWide?: boolean, onClose?: () => void}} options
 * @param {...Child} content
 */
export function openDialog({ titleId, test, isWide = true, onClose }, ...content) {
  const dialog = html("dialog", {
    class: isWide ? "dialog wide" : "dialog", "aria-labelledby": titleId, data: test ? { test } : {},
    on: { close: () => { dialog.remove(); onClose?.(); } },
  }, ...content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Opens a dialog to read: a title, content, and a button that closes the dialog.
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {string} title
 * @param {Child[]} content
 * @param {{test?: string, isWide?: boolean}} [options]
 * @returns {HTMLDialogElement}
 */
export function openReading(translate, title, content, { test = "certificate-dialog", isWide } = {}) {
  const titleId = uniqueId("dialog");
  const close = html("button", {
    type: "button", autofocus: true, text: translate("close"), data: { test: "dialog-close" }, on: { click: () => dialog.close() },
  });
  const heading = html("h2", { id: titleId, dir: "auto", text: title });
  const dialog = openDialog({ titleId, test, isWide }, heading, ...content, html("div", { class: "actions" }, close));
  return dialog;
}
