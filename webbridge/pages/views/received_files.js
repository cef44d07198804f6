/** The attachments of a message: each can be saved, some shown in a preview, and mails opened in place. */

import { isAttachedMail } from "../../../wasm_build/ui/attached_mail.js";
import { createAttachmentList } from "../../../wasm_build/ui/attachments.js";
import { html } from "../../../wasm_build/ui/dom.js";
import { problem } from "../../../wasm_build/ui/parts.js";
import { openPreview, previewKind } from "../attachment_preview.js";

/** @typedef {Pick<import("../app.js").App, "translate" | "attempt">} Acting */
/** @typedef {import("../mail_vault.js").ReceivedFile} ReceivedFile */
/** @typedef {(file: ReceivedFile, opener: HTMLElement) => Promise<void>} OnOpen */

/**
 * @param {Acting} app
 * @param {ReceivedFile[]} files
 * @param {OnOpen | null} onOpen opens an attached mail; rejects with the error to show. Null if it can only be saved
 */
export function createReceivedFiles(app, files, onOpen) {
  if (files.length === 0) return null;
  const failure = problem("attachment-error");
  const list = createAttachmentList(app.translate, files, (file, name) => actionsFor(app, file, { name, failure, onOpen }));
  list.append(failure);
  return list;
}

/**
 * @param {Acting} app
 * @param {ReceivedFile} file
 * @param {{name: string, failure: HTMLElement, onOpen: OnOpen | null}} options
 */
function actionsFor(app, file, { name, failure, onOpen }) {
  const { translate } = app;
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {(opener: HTMLElement) => Promise<void>} */ act) => {
    const label = translate(key);
    const element = html("button", {
      type: "button", text: label, "aria-label": translate(`${key}_named`, { name }), data: { test },
    });
    element.addEventListener("click", () => app.attempt(element, label, failure, () => act(element)));
    return element;
  };
  if (isAttachedMail(file)) return onOpen ? [button("open_attached", "open-attached", (opener) => onOpen(file, opener))] : [];
  if (previewKind(file)) return [button("preview", "preview-attachment", () => openPreview(app, file, name))];
  return [];
}
