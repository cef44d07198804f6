/** Lists of attachments. In a received message each can be saved, in a draft each can be removed. */

import { beginningOf } from "./bounded_text.js";
import { html } from "./dom.js";
import { size } from "./formats.js";
import { createLongList } from "./long_list.js";
import { visibleName } from "./shown_names.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{name: string, type: string, data: ArrayBuffer}} Attachment */
/** @typedef {{name: string, type: string, data: {byteLength: number}}} Listed an attachment, whose content need not be in memory */

/** A longer file name or media type is cut. File systems allow 255 bytes. */
const SHOWN_NAME_CHARACTERS = 255;
/** A long name keeps its end, because the end shows the kind of the file. */
const MAX_NAME_CHARACTERS = 1_000;
/** After this time every browser has begun the download, so that the copy can be freed. */
const REVOKE_AFTER_MILLISECONDS = 30_000;

/**
 * @param {Catalogue} translate
 * @template {Attachment} T
 * @param {T[]} attachments
 * @param {(attachment: T, name: string) => HTMLElement[]} [furtherActions] makes the buttons before "Save"
 */
export function createAttachmentList(translate, attachments, furtherActions = () => []) {
  const createRow = (/** @type {T} */ attachment) => {
    const name = cleanName(attachment.name) || translate("unnamed_file");
    const save = html("button", {
      type: "button", text: translate("save"), "aria-label": translate("save_named", { name }),
      data: { test: "save-attachment" }, on: { click: () => saveFile(name, attachment.data) },
    });
    return attachmentRow(name, attachment, ...furtherActions(attachment, name), save);
  };
  const list = html("ul", { class: "attachment-rows", data: { test: "attachments" } });
  const rows = createLongList(list, attachments, createRow, { more: (count) => translate("rows_more", { count }) });
  return html("section", { class: "attachments" }, html("h3", { text: translate("attachments") }), ...rows);
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
      html("bdi", { class: "attachment-name", text: beginningOf(name, SHOWN_NAME_CHARACTERS) }),
      html(
        "span",
        { class: "attachment-facts" },
        html("bdi", { text: beginningOf(attachment.type, SHOWN_NAME_CHARACTERS) }), ` · ${size(attachment.data.byteLength)}`,
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
 * The name of a file in one line, without folders (RFC 2183 section 2.3) and invisible characters. Several blanks become one, so
 * that they do not push the kind of the file out of sight.
 * @param {string} name
 */
export function cleanName(name) {
  const last = name.split(/[/\\]/u).at(-1)?.slice(-MAX_NAME_CHARACTERS) ?? "";
  return visibleName(last.replace(/[\p{Cc}<>:"|?*]/gu, "")).replace(/^\.+/u, "").trim();
}
