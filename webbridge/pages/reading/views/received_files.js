/** The attachments of a message: each can be saved, some shown in a preview, and mails opened in place. */

import { isAttachedMail } from "../../../../wasm_build/ui/attached_mail.js";
import { createAttachmentList } from "../../../../wasm_build/ui/attachments.js";
import { html } from "../../../../wasm_build/ui/dom.js";
import { problem } from "../../../../wasm_build/ui/parts.js";
import { openPreview, previewKind } from "../attachment_preview.js";

/** @typedef {Pick<import("../../app/app.js").App, "translate" | "attempt">} Acting */
/** @typedef {import("../../keys/mail_vault.js").ReceivedFile} ReceivedFile */
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
  if (isAttachedMail(file)) return onOpen ? [createOpenButton(app, file, { name, failure, onOpen, test: "open-attached" })] : [];
  if (!previewKind(file)) return [];
  const preview = { key: "preview", name, test: "preview-attachment", failure };
  return [createActionButton(app, preview, () => openPreview(app, file, name))];
}

/**
 * The button that opens an attached mail, or a part of this one.
 * @param {Acting} app
 * @param {ReceivedFile} file
 * @param {{name: string, failure: HTMLElement, onOpen: OnOpen, test: string}} options
 */
export function createOpenButton(app, file, { name, failure, onOpen, test }) {
  return createActionButton(app, { key: "open_attached", name, test, failure }, (opener) => onOpen(file, opener));
}

/**
 * @param {Acting} app
 * @param {{key: string, name: string, test: string, failure: HTMLElement}} words
 * @param {(opener: HTMLElement) => Promise<void>} act
 */
function createActionButton(app, { key, name, test, failure }, act) {
  const label = app.translate(key);
  const element = html("button", {
    type: "button", text: label, "aria-label": app.translate(`${key}_named`, { name }), data: { test },
  });
  element.addEventListener("click", () => app.attempt(element, label, failure, () => act(element)));
  return element;
}
