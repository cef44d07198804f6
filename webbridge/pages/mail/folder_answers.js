/**
 * The bridge's answer with the folders of an account. Each folder is read by itself. Wrong values are left out of the
 * folder, and a folder without an id or a name is left out.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { countOf, entriesOf, idOf, membersOf, textOf, wordOf } from "../../../wasm_build/vault/server/answer_values.js";

/** @typedef {"sent" | "drafts" | "trash" | "archive" | "junk"} FolderUse */
/**
 * @typedef {{
 *   id: string, name: string, delimiter: string | null, role: string | null, use?: FolderUse | null, total: number, unseen: number,
 *   uidValidity: number, subscribed: boolean | null, rights: string[], place: "own" | "others" | "shared", prefix: string,
 * }} Folder `prefix` is the part at the beginning of the name that only says whose the folder is. `use` is the role
 * that the person has chosen; an earlier bridge gives none
 */

/** The largest number of folders that the bridge lists (`webbridge/gateway/imap_folders.py`). */
const MAX_FOLDERS = 5_000;
const MAX_ID_CHARACTERS = 10_000;
/** The longest name. On usual servers, the name of a mailbox has at most 1,000 bytes. */
const MAX_NAME_CHARACTERS = 1_000;
const ROLES = /** @type {const} */ (["inbox", "drafts", "sent", "trash", "junk", "archive"]);
/** The roles for which a person can choose a folder. */
export const USES = /** @type {const} */ (["sent", "drafts", "trash", "archive", "junk"]);
const RIGHTS = /** @type {const} */ (["append", "seen", "flags", "delete", "move", "folder", "share"]);

/**
 * @param {unknown} answer
 * @returns {{folders: Folder[], leftOut: number}} rejects an answer without any folder as `server-error`
 */
export function readFolders(answer) {
  const { folders } = membersOf(answer);
  const roles = new Set();
  const ids = new Set();
  const read = entriesOf(folders, MAX_FOLDERS).flatMap((value) => {
    const folder = readFolder(value);
    if (folder === null || ids.has(folder.id)) return [];
    ids.add(folder.id);
    // A second inbox would replace the first one.
    const isFirst = folder.role !== null && !roles.has(folder.role);
    if (isFirst) roles.add(folder.role);
    return [{ ...folder, role: isFirst ? folder.role : null }];
  });
  if (read.length === 0) throw new ApiError("server-error", "the answer is no list of folders");
  return { folders: read, leftOut: (Array.isArray(folders) ? folders.length : 0) - read.length };
}

/** @param {unknown} value @returns {Folder | null} */
function readFolder(value) {
  const { id, name, delimiter, role, use, total, unseen, uidValidity, subscribed, rights, place, prefix } = membersOf(value);
  const known = idOf(id, MAX_ID_CHARACTERS);
  const text = textOf(name, MAX_NAME_CHARACTERS);
  if (!known || !text) return null;
  const named = RIGHTS.filter((right) => entriesOf(rights, MAX_RIGHTS).includes(right));
  const isOlder = place === undefined && named.includes("flags");
  const beginning = textOf(prefix, MAX_NAME_CHARACTERS);
  return {
    id: known, name: text, delimiter: idOf(delimiter, MAX_DELIMITER_CHARACTERS) || null, role: wordOf(role, ROLES),
    ...(use === undefined ? {} : { use: wordOf(use, USES) }),
    total: countOf(total) ?? 0, unseen: countOf(unseen) ?? 0, uidValidity: countOf(uidValidity) ?? 0,
    subscribed: typeof subscribed === "boolean" ? subscribed : null,
    // An older bridge gives no `place`, and its right "flags" includes "seen".
    rights: isOlder && !named.includes("seen") ? [...named, "seen"] : named,
    place: wordOf(place, /** @type {const} */ (["own", "others", "shared"])) ?? "own",
    prefix: text.startsWith(beginning) ? beginning : "",
  };
}

const MAX_RIGHTS = 100;
/** One character, which may be two code units. */
const MAX_DELIMITER_CHARACTERS = 2;
