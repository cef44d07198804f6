/** An opened mail, packed for its view: the text of the whole mail, then the text and the markup of each passage. */
import { packParts } from "./packed_parts.js";

/**
 * @param {Pick<VaultReply<"message.verify">, "report" | "passages" | "attachments" | "text">} opened
 * @returns {ArrayBuffer}
 */
export function packContent({ report, passages, attachments, text }) {
  const facts = {
    headers: report.headers,
    people: report.people,
    date: report.date,
    protections: report.headerProtections ?? [],
    passages: passages.map(({ path, html }) => ({ path, hasMarkup: Boolean(html) })),
    files: attachments.map(({ data, ...file }) => ({ ...file, size: data.byteLength })),
  };
  return packParts(facts, [text, ...passages.flatMap((passage) => [passage.text, passage.html ?? new ArrayBuffer(0)])]);
}
