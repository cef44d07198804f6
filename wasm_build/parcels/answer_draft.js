/** The message in an answer, as the vault takes it. It says in its text that nobody proves who has written it. */

/** @typedef {import("../ui/attachments.js").Attachment} Attachment */

/** The part of the encrypted answer that files can fill: base64 of them, with line ends, and room for the text. */
const FILES_PART = 0.7;
const DOMAIN = /@([a-z0-9.-]+)>?$/iu;
const RE = /^re:/iu;

/** The most bytes of files in an answer that has so many bytes when it is encrypted. @param {number} bytes */
export function largestFiles(bytes) {
  return Math.floor(bytes * FILES_PART);
}

/**
 * @param {{
 *   translate: import("../ui/catalogue.js").Catalogue, from: string, to: string, subject: string, reference: string,
 *   text: string, files: Attachment[], at: Date,
 * }} answer `from` is the service, because nobody knows the writer, and is the same in the mail around it
 */
export function writeDraft({ translate, from, to, subject, reference, text, files, at }) {
  const said = translate("parcel_answer_said", { reference });
  const answered = RE.test(subject) ? subject : `Re: ${subject}`;
  return {
    from, to: [to], cc: [], references: [], hidden: [], date: at.toISOString(),
    // The mail around it has another one, which the service makes.
    messageId: `<${crypto.randomUUID()}@${DOMAIN.exec(from)?.[1] ?? "localhost"}>`,
    subject: subject ? answered : translate("parcel_answer_subject", { reference }),
    text: new TextEncoder().encode(text.trim() ? `${said}\n\n${text}` : said).buffer,
    attachments: files.map(({ name, type, data }) => ({ name, type, data: data.slice(0) })),
  };
}
