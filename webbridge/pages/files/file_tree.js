/**
 * The folders and files that the index names, and changes to them.
 *
 * A change is a function of the content. If another device has stored a version meanwhile, the change is applied to that
 * version, so that no device undoes the work of another one. A change of a file or folder that no longer exists does
 * nothing.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";

/** @typedef {{id: string, folder: string, name: string, bytes: number, added: string}} KeptEntry `folder` is a path such as `a/b`; "" for none */
/** @typedef {{folders: string[], files: KeptEntry[]}} Content the files, and the paths of all folders, including the folders around them */
/** @typedef {(content: Content) => Content} Change */

const VERSION = "sealwax-files-1";
/** The same limit as for a name in a parcel: `smime_core.limits.MAX_PARCEL_NAME_BYTES`. */
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 20;
/** A longer ending of a name does not count as an extension. */
const MAX_EXTENSION = 20;
const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/u;
/**
 * The characters that `smime_core.parcels.check_file_name` also refuses: separators, control characters, marks of the
 * writing direction, and lone surrogates.
 */
const UNWANTED = /[/\\\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Cs}]/u;
const COLLATOR = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** @type {Content} */
export const NOTHING = Object.freeze({ folders: [], files: [] });

/**
 * The reason why a file or folder cannot have a name, as a word for the catalogue, or "".
 * @param {string} name
 * @returns {"" | "empty" | "sign" | "long"}
 */
export function nameProblem(name) {
  if (name === "" || name === "." || name === "..") return "empty";
  if (UNWANTED.test(name)) return "sign";
  return new TextEncoder().encode(name).length > MAX_NAME_BYTES ? "long" : "";
}

/**
 * The name under which a chosen file is kept. Its name on the computer may not be allowed here.
 * @param {string} name
 * @param {string} unnamed
 */
export function asName(name, unnamed) {
  const short = shorten(name.normalize("NFC").replaceAll(new RegExp(UNWANTED, "gu"), "_").trim(), "");
  return nameProblem(short) === "" ? short : unnamed;
}

/** The last part of a path. @param {string} path */
export function lastName(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder that contains a folder. @param {string} path */
export function parentOf(path) {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** @param {string} folder @param {string} name */
export function pathIn(folder, name) {
  return folder ? `${folder}/${name}` : name;
}

/**
 * The folders and files of one folder, by their names.
 * @param {Content} content
 * @param {string} folder
 */
export function listFolder({ folders, files }, folder) {
  return {
    folders: folders.filter((path) => parentOf(path) === folder).sort(COLLATOR.compare),
    files: files.filter((file) => file.folder === folder).sort((one, other) => COLLATOR.compare(one.name, other.name)),
  };
}

/** The files in all folders whose names contain the words. @param {Content} content @param {string} words */
export function findFiles({ files }, words) {
  const searchWords = words.normalize("NFC").toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  const has = (/** @type {string} */ name) => searchWords.every((word) => name.toLocaleLowerCase().includes(word));
  return files.filter(({ name }) => has(name)).sort((one, other) => COLLATOR.compare(one.name, other.name));
}

/** All paths of folders, sorted. A folder comes before the folders inside it. @param {Content} content */
export function allFolders({ folders }) {
  return [...folders].sort((one, other) => COLLATOR.compare(one, other));
}

/** Whether a folder has a file or folder of this name. @param {Content} content @param {string} folder @param {string} name */
export function isTaken(content, folder, name) {
  return namesIn(content, folder).has(name);
}

/** The number of files in a folder and in the folders inside it. @param {Content} content @param {string} path */
export function countBelow(content, path) {
  return listBelow(content, path).files.length;
}

/** @param {KeptEntry} entry @returns {Change} */
export function addFile(entry) {
  return (content) => {
    if (content.files.some(({ id }) => id === entry.id)) return content;
    const name = freeName(namesIn(content, entry.folder), entry.name);
    return withFolder({ ...content, files: [...content.files, { ...entry, name }] }, entry.folder);
  };
}

/** @param {string} path @returns {Change} */
export function addFolder(path) {
  return (content) => {
    checkDepth([path]);
    return withFolder(content, path);
  };
}

/**
 * Gives a file another folder, another name, or both.
 * @param {string} id @param {{folder?: string, name?: string}} target @returns {Change}
 */
export function moveFile(id, target) {
  return (content) => {
    const file = content.files.find((entry) => entry.id === id);
    if (!file) return content;
    const { folder, name } = { ...file, ...target };
    if (folder === file.folder && name === file.name) return content;
    const others = { ...content, files: content.files.filter((entry) => entry !== file) };
    const moved = { ...file, folder, name: freeName(namesIn(others, folder), name) };
    return withFolder({ ...content, files: content.files.map((entry) => (entry === file ? moved : entry)) }, folder);
  };
}

/** Moves a folder with all that is in it. @param {string} path @param {string} to its new path @returns {Change} */
export function moveFolder(path, to) {
  return (content) => {
    if (!content.folders.includes(path) || path === to || isWithin(to, path)) return content;
    const within = (/** @type {string} */ folder) => (isWithin(folder, path) ? to + folder.slice(path.length) : folder);
    const inside = content.folders.filter((folder) => isWithin(folder, path)).map(within);
    checkDepth(inside);
    const others = content.folders.filter((folder) => !isWithin(folder, path));
    const moved = content.files.map((file) => ({ ...file, folder: within(file.folder) }));
    return addFolders({ folders: others, files: renameTaken(moved, to) }, [to, ...inside]);
  };
}

/** @param {string} id @returns {Change} */
export function removeFile(id) {
  return (content) => {
    const files = content.files.filter((file) => file.id !== id);
    return files.length === content.files.length ? content : { ...content, files };
  };
}

/**
 * Removes a folder with all files and folders that the person saw in it. Files and folders that another device has added
 * since then stay, with the folders that contain them.
 * @param {string} path @param {Content} shown @returns {Change}
 */
export function removeFolder(path, shown) {
  const seen = listBelow(shown, path);
  const [ids, paths] = [new Set(seen.files.map(({ id }) => id)), new Set(seen.folders)];
  return (content) => {
    if (!content.folders.includes(path)) return content;
    const below = listBelow(content, path);
    const removed = new Set(below.files.filter(({ id }) => ids.has(id)));
    const files = content.files.filter((file) => !removed.has(file));
    const left = below.folders.filter((folder) => !paths.has(folder));
    const others = content.folders.filter((folder) => !isWithin(folder, path));
    return addFolders({ folders: others, files }, [...left, ...files.map(({ folder }) => folder)]);
  };
}

/** The text of an index. @param {Content} content @param {{account: string, number: number}} of */
export function writeContent({ folders, files }, { account, number }) {
  return JSON.stringify({ version: VERSION, account, number, folders, files });
}

/**
 * Reads the text of an index. Throws `files-damaged` for any other text.
 * @param {string} text
 * @param {{account: string, number: number}} of
 * @returns {Content}
 */
export function readContent(text, { account, number }) {
  const { version, folders, files, ...of } = parse(text);
  if (version !== VERSION) throw damaged("another version");
  if (of.account !== account || of.number !== number) throw damaged("another account or number");
  if (!Array.isArray(folders) || !Array.isArray(files)) throw damaged("no lists");
  if (!folders.every(isFolder)) throw damaged("a folder that is none");
  if (!files.every(isEntry)) throw damaged("a file that is none");
  const content = { folders: [], files: files.map(({ id, folder, name, bytes, added }) => ({ id, folder, name, bytes, added })) };
  return addFolders(content, [...folders, ...new Set(content.files.map(({ folder }) => folder))]);
}

/** @param {Content} content @param {string[]} paths */
function addFolders(content, paths) {
  const known = new Set(content.folders);
  for (const path of paths) for (let folder = path; folder && !known.has(folder); folder = parentOf(folder)) known.add(folder);
  return { ...content, folders: [...known] };
}

/** @param {Content} content @param {string} path */
function withFolder(content, path) {
  return path === "" || content.folders.includes(path) ? content : addFolders(content, [path]);
}

/** @param {Content} content @param {string} folder */
function namesIn({ folders, files }, folder) {
  return new Set([
    ...folders.filter((path) => parentOf(path) === folder).map(lastName),
    ...files.filter((file) => file.folder === folder).map(({ name }) => name),
  ]);
}

/** Renames files that would have the same name after two folders were merged. @param {KeptEntry[]} files @param {string} path */
function renameTaken(files, path) {
  /** @type {Map<string, Set<string>>} */
  const names = new Map();
  return files.map((file) => {
    if (!isWithin(file.folder, path)) return file;
    const taken = names.get(file.folder) ?? new Set();
    names.set(file.folder, taken);
    const name = freeName(taken, file.name);
    taken.add(name);
    return { ...file, name };
  });
}

/** The name, with a number added if the name is taken. @param {Set<string>} taken @param {string} name */
function freeName(taken, name) {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = shorten(name, ` (${number})`);
  return free;
}

/** The name with a text `mark` before its extension. A long name is cut. @param {string} name @param {string} mark */
function shorten(name, mark) {
  const point = name.lastIndexOf(".");
  const extension = point > 0 && name.length - point <= MAX_EXTENSION ? name.slice(point) : "";
  const characters = [...name.slice(0, name.length - extension.length)];
  const joined = () => characters.join("") + mark + extension;
  while (characters.length > 0 && nameProblem(joined()) === "long") characters.pop();
  return joined();
}

/** The files in a folder and in the folders inside it, and all these folders. @param {Content} content @param {string} path @returns {Content} */
function listBelow({ folders, files }, path) {
  return { folders: folders.filter((folder) => isWithin(folder, path)), files: files.filter(({ folder }) => isWithin(folder, path)) };
}

/** Throws `files-too-deep`. @param {string[]} paths */
function checkDepth(paths) {
  if (paths.some((path) => path.split("/").length > MAX_DEPTH)) throw new ApiError("files-too-deep", `folders in more than ${MAX_DEPTH} others`);
}

/** Whether a path is a folder or inside it. @param {string} path @param {string} folder */
function isWithin(path, folder) {
  return path === folder || path.startsWith(`${folder}/`);
}

/** @param {string} text @returns {Record<string, any>} */
function parse(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object") return value;
  } catch {
    // The error is thrown below.
  }
  throw damaged("no JSON object");
}

/** @param {unknown} path */
function isFolder(path) {
  if (typeof path !== "string") return false;
  const names = path.split("/");
  return names.length <= MAX_DEPTH && names.every((name) => nameProblem(name) === "");
}

/** @param {any} entry */
function isEntry(entry) {
  return typeof entry?.id === "string" && ID.test(entry.id) && typeof entry.name === "string" && nameProblem(entry.name) === ""
    && (entry.folder === "" || isFolder(entry.folder)) && Number.isSafeInteger(entry.bytes) && entry.bytes >= 0
    && typeof entry.added === "string" && !Number.isNaN(Date.parse(entry.added));
}

/** @param {string} why */
function damaged(why) {
  return new ApiError("files-damaged", `the index of the files: ${why}`);
}
