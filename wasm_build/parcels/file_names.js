/** The name under which a received file is saved. The sender chooses the name, so it may harm a file system. */

import { cleanName } from "../ui/attachments.js";
import { withoutEnd } from "./link.js";

/** The longest name. Linux allows 255 bytes, and the browser may add a number and an extension. */
const MAX_BYTES = 200;
const MAX_EXTENSION_BYTES = 20;
/** The names that Windows reserves for devices, with any extension, even after blanks. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)/iu;

const POINT_OR_BLANK = /[. ]/u;

/**
 * @param {string} name
 * @param {string} unnamed the name of a file without one
 */
export function safeFileName(name, unnamed) {
  // Windows drops points and blanks at the end, so the saved extension would differ from the shown extension.
  const clean = withoutEnd(cleanName(name.normalize("NFC")), POINT_OR_BLANK);
  if (!clean) return unnamed;
  return shorten(DEVICE.test(clean) ? `_${clean}` : clean);
}

/** Cuts a long name before its extension. @param {string} name */
function shorten(name) {
  if (bytesOf(name) <= MAX_BYTES) return name;
  const point = name.lastIndexOf(".");
  const extension = point > 0 && bytesOf(name.slice(point)) <= MAX_EXTENSION_BYTES ? name.slice(point) : "";
  const characters = [...name.slice(0, name.length - extension.length)];
  while (bytesOf(characters.join("")) + bytesOf(extension) > MAX_BYTES) characters.pop();
  return withoutEnd(characters.join(""), POINT_OR_BLANK) + extension;
}

/** @param {string} text */
function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}
