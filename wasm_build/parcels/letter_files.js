/** The files of a letter that goes as a parcel: the written message first, and then the attachments under different names. */

import { MESSAGE_NAME } from "./parcel_sending.js";
import { inMemory } from "./readable.js";
import { safeFileName } from "./file_names.js";

/** @typedef {import("./parcel_sending.js").ParcelContent} ParcelContent */
/** @typedef {{name: string, data: import("./readable.js").Readable}} Attached */

/**
 * @param {ArrayBuffer} message
 * @param {Attached[]} attached
 * @param {string} unnamed the name of a file whose name is empty after cleaning
 * @returns {ParcelContent[]}
 */
export function parcelFiles(message, attached, unnamed) {
  const taken = new Set([keyOf(MESSAGE_NAME)]);
  const files = attached.map(({ name, data }) => {
    const free = freeName(safeFileName(name, unnamed), taken);
    taken.add(keyOf(free));
    return { name: free, data };
  });
  return [{ name: MESSAGE_NAME, data: inMemory(message) }, ...files];
}

/** The name, with a number if another file has it. @param {string} name @param {Set<string>} taken */
function freeName(name, taken) {
  const point = name.lastIndexOf(".");
  const [stem, ending] = point > 0 ? [name.slice(0, point), name.slice(point)] : [name, ""];
  let [number, free] = [1, name];
  while (taken.has(keyOf(free))) free = `${stem} (${number += 1})${ending}`;
  return free;
}

/**
 * Names that differ only in the case of letters are the same name in many file systems. Some letters, such as the large sharp s,
 * reach the common form only through small letters.
 * @param {string} name
 */
function keyOf(name) {
  return name.normalize("NFC").toLowerCase().toUpperCase().toLowerCase();
}
