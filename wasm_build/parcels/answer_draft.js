/** The message in an answer, in the form that the vault accepts. Its text says that the name of its writer is not proved. */

/** @typedef {import("../ui/attachments.js").Attachment} Attachment */

/** The share of the encrypted answer that is left for files. Base64, line ends and the text take the rest. */
const FILES_PART = 0.7;
const DOMAIN = /@([a-z0-9.-]+)>?$/iu;
const RE = /^re:/iu;

/** The largest total size of files in an answer with this encrypted size. @param {number} bytes */
export function largestFiles(bytes) {
  return Math.floor(bytes * FILES_PART);
}

/**
 * @param {{
 *   translate: import("../ui/catalogue.js").Catalogue, from: string, to: string, subject: string, reference: string,
 *   text: string, files: Attachment[], at: Date,
 * }} answer `from` is the service, because nobody knows the writer. The mail around the message has the same From
 */
export function writeDraft({ translate, from, to, subject, reference, text, files, at }) {
  const notice = translate("parcel_answer_said", { reference });
  const answered = RE.test(subject) ? subject : `Re: ${subject}`;
  return {
    from, to: [to], cc: [], references: [], hidden: [], date: at.toISOString(),
    // The mail that the service puts around this message has another Message-ID.
    messageId: `<${crypto.randomUUID()}@${DOMAIN.exec(from)?.[1] ?? "localhost"}>`,
    subject: subject ? answered : translate("parcel_answer_subject", { reference }),
    text: new TextEncoder().encode(text.trim() ? `${notice}\n\n${text}` : notice).buffer,
    attachments: files.map(({ name, type, data }) => ({ name, type, data: data.slice(0) })),
  };
}
