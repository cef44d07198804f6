/** The name of a fetched file. */
import { decodePercent } from "./percent_encoding.js";

/** The start of the parameter `filename*` of Content-Disposition (RFC 6266 section 4.1), up to its encoded text. */
const EXTENDED = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/iu;
const PLAIN = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/iu;

/**
 * The file's name according to the answer, or else the end of its address. The name has no folders.
 * @param {Response} answer @param {string} address
 */
export function fileName(answer, address) {
  const field = answer.headers.get("Content-Disposition") ?? "";
  const extended = decodePercent(EXTENDED.exec(field)?.[1] ?? "");
  const [, quoted, plain = ""] = PLAIN.exec(field) ?? [];
  const path = extended || (quoted?.replace(/\\(.)/gu, "$1") ?? plain) || decodePercent(new URL(address).pathname);
  return path.split(/[/\\]/u).at(-1) ?? "";
}
