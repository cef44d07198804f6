/** Lists of attachments. In a received message each can be saved, in a draft each can be removed. */

import { html } from "./dom.js";
import { size } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{name: string, type: string, data: ArrayBuffer}} Attachment */
/** @typedef {{name: string, type: string, data: {byteLength: number}}} Listed an attachment, whose content need not be in memory */

/** After this time every browser has begun the download, so that the copy can be freed. */
const REVOKE_AFTER_MILLISECONDS = 30_000;

/**
 * @param {Catalogue} translate
 * @template {Attachment} T
 * @param {T[]} attachments
 * @param {(attachment: T, name: string) => HTMLElement[]} [furtherActions] makes the buttons before "Save"
 */
export function createAttachmentList(translate, attachments, furtherActions = () => []) {
  const rows = attachments.map((attachment) => {
    const name = cleanName(attachment.name) || translate("unnamed_file");
    const save = html("button", {
      type: "button", text: translate("save"), "aria-label": translate("save_named", { name }),
      data: { test: "save-attachment" }, on: { click: () => saveFile(name, attachment.data) },
    });
    return attachmentRow(name, attachment, ...furtherActions(attachment, name), save);
  });
  return attachmentSection(translate("attachments"), rows);
}

/**
 * The list items for the attachments of a draft.
 * @template {Listed} T
 * @param {Catalogue} translate
 * @param {T[]} attachments
 * @param {(attachment: T) => void} onRemove
 */
export function createDraftAttachmentList(translate, attachments, onRemove) {
  return attachments.map((attachment) => {
    const remove = html("button", {
      type: "button", text: translate("remove"), "aria-label": translate("remove_named", { name: attachment.name }),
      on: { click: () => onRemove(attachment) },
    });
    return attachmentRow(attachment.name, attachment, remove);
  });
}

/**
 * @param {string} title
 * @param {HTMLElement[]} rows
 */
function attachmentSection(title, rows) {
  return html(
    "section",
    { class: "attachments" },
    html("h3", { text: title }),
    html("ul", { class: "attachment-rows", data: { test: "attachments" } }, ...rows),
  );
}

/**
 * @param {string} name
 * @param {Listed} attachment
 * @param {HTMLElement[]} actions
 */
function attachmentRow(name, attachment, ...actions) {
  return html(
    "li",
    { class: "attachment", data: { test: "attachment" } },
    html(
      "span",
      { class: "attachment-words" },
      html("bdi", { class: "attachment-name", text: name }),
      html(
        "span",
        { class: "attachment-facts" },
        html("bdi", { text: attachment.type }), ` · ${size(attachment.data.byteLength)}`,
      ),
    ),
    ...actions,
  );
}

/**
 * Saves a file without its media type, so that no browser shows a received file as a page of this origin.
 * @param {string} name
 * @param {...BlobPart} parts
 */
export function saveFile(name, ...parts) {
  const url = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
  html("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MILLISECONDS);
}

/**
 * The name of a file without folders (RFC 2183 section 2.3), control characters and direction marks.
 * @param {string} name
 */
export function cleanName(name) {
  const last = name.split(/[/\\]/u).at(-1) ?? "";
  return last.replace(/[\p{Cc}\p{Cf}<>:"|?*]/gu, "").replace(/^\.+/u, "").trim();
}
