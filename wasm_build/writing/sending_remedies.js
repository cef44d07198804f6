/** The remedies that a person can choose after a message was not sent, by the code of the error. */

/**
 * `anew`: send this version although an earlier version was sent; `elsewhere`: send it although it was sent or changed in
 * another window; `unstamped`: send it without a timestamp, because nothing was sent; `unfinished`: save it as a file or send
 * it again, because perhaps not everybody got it.
 * @typedef {"anew" | "elsewhere" | "unstamped" | "unfinished"} Remedy
 */

/** @type {Map<string, Remedy>} */
const REMEDIES = new Map([
  ["sending-earlier", "anew"],
  ["draft-elsewhere", "elsewhere"],
  ["timestamp-failed", "unstamped"],
  ["timestamp-refused", "unstamped"],
  ["timestamp-not-granted", "unstamped"],
  ["sending-unknown", "unfinished"],
  ["sending-partial", "unfinished"],
  ["webmail-gone", "unfinished"],
  ["draft-not-removed", "unfinished"],
]);

/** The remedy after an error, or null for none. @param {string} code */
export function remedyFor(code) {
  return REMEDIES.get(code) ?? null;
}
