/** The attachments of a message. Each can be saved, some can be shown in a preview, and mails can be opened in place. */

import { isAttachedMail } from "../../../../wasm_build/ui/attached_mail.js";
import { createAttachmentList } from "../../../../wasm_build/ui/attachments.js";
import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { openPreview, previewKind } from "../attachment_preview.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {{translate: Catalogue, attempt: Attempt}} FileActionServices */
/** @typedef {import("../../keys/mail_vault.js").ReceivedFile} ReceivedFile */
/** @typedef {(file: ReceivedFile, opener: HTMLElement) => Promise<void>} OnOpen */

/**
 * @param {FileActionServices} services
 * @param {ReceivedFile[]} files
 * @param {OnOpen | null} onOpen opens an attached mail; rejects with the error to show. Null if a mail can only be saved
 */
export function createReceivedFiles(services, files, onOpen) {
  if (files.length === 0) return null;
  const failure = problem("attachment-error");
  const list = createAttachmentList(services.translate, files, (file, name) => actionsFor(services, file, { name, failure, onOpen }));
  list.append(failure);
  return list;
}

/**
 * @param {FileActionServices} services
 * @param {ReceivedFile} file
 * @param {{name: string, failure: HTMLElement, onOpen: OnOpen | null}} options
 */
function actionsFor(services, file, { name, failure, onOpen }) {
  if (isAttachedMail(file)) return onOpen ? [createOpenButton(services, file, { name, failure, onOpen, test: "open-attached" })] : [];
  if (!previewKind(file)) return [];
  return [createActionButton(
    services, { key: "preview", name, test: "preview-attachment", failure }, () => openPreview(services.translate, file, name),
  )];
}

/**
 * The button that opens an attached mail, or an encrypted part of the message.
 * @param {FileActionServices} services
 * @param {ReceivedFile} file
 * @param {{name: string, failure: HTMLElement, onOpen: OnOpen, test: string}} options
 */
export function createOpenButton(services, file, { name, failure, onOpen, test }) {
  return createActionButton(services, { key: "open", name, test, failure }, (opener) => onOpen(file, opener));
}

/**
 * @param {FileActionServices} services
 * @param {{key: string, name: string, test: string, failure: HTMLElement}} words
 * @param {(opener: HTMLElement) => Promise<void>} act
 */
function createActionButton(services, { key, name, test, failure }, act) {
  const label = services.translate(key);
  const element = html("button", {
    type: "button", text: label, "aria-label": services.translate(`${key}_named`, { name }), data: { test },
    on: { click: () => services.attempt(element, label, failure, () => act(element)) },
  });
  return element;
}
