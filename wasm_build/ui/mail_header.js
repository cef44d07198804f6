/** Reads the header of a message, to find messages that belong together. No field of the header is proved. */

/** The longest header that is read. */
const MAX_HEADER_BYTES = 256 * 1024;

/**
 * A field of a message's header, unfolded; "" if the message does not have it.
 * @param {ArrayBuffer} bytes @param {string} name @param {string} [charset] of characters that are not encoded
 */
export function headerField(bytes, name, charset = "latin1") {
  const head = new TextDecoder(charset).decode(bytes.slice(0, MAX_HEADER_BYTES)).split(/\r?\n\r?\n/, 1)[0] ?? "";
  const field = new RegExp(`^${name}[ \\t]*:(.*(?:\\r?\\n[ \\t].*)*)`, "im").exec(head);
  return field?.[1]?.replace(/\r?\n[ \t]+/g, " ").trim() ?? "";
}
