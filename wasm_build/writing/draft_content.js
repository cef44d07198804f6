/**
 * A draft as values, and the conversion between a draft and the message that is being written. Pages and extension
 * continue the drafts of each other.
 */

import { isAddress, sameAddress } from "../ui/formats.js";

/** @typedef {import("../ui/attachments.js").Attachment} Attachment */
/** @typedef {import("../ui/formats.js").Mailbox} Mailbox */
/** Gives the mailboxes of each text, read by the core's parser. @typedef {(texts: string[]) => Promise<Mailbox[][]>} ReadAddresses */
/** @typedef {{inReplyTo: string | null, references: string[], hidden: import("../ui/answer.js").HiddenField[]}} Thread */
/**
 * How the message forwards another message. `isWhole` is true if the person chose to forward the other message as one
 * file.
 * @typedef {{mail: string, quote: string, answersEncrypted: boolean, isWhole: boolean}} Forward
 */
/**
 * In `seal` and `answersSealed`, "sealed" means encrypted; stored drafts have these names. Only the extension uses `forward`
 * and `secret`, only the pages use `copy`, `sharedFrom` and `html`; each keeps the fields of the other unchanged.
 * `doubtful` are the people about whom the person is still asked. `html` is the formatted text, empty for none; the
 * extension may have changed the text beside it.
 * @typedef {{
 *   from: string, to: string[], cc: string[], bcc: string[], subject: string, thread: Thread, forward: Forward | null,
 *   answersSealed: boolean, sign: boolean, seal: boolean, more?: import("../ui/signature_options.js").Options, secret?: string,
 *   copy?: boolean | number | null, doubtful?: string[], sharedFrom?: string, html?: string,
 * }} DraftFields
 */
/**
 * `aside` is the number of files at the end of the list that are kept and not attached. `forwarded` are the positions of
 * the attached files that come from a forwarded message.
 * @typedef {{aside: number, forwarded: number[]}} FileFields
 */
/** @typedef {{fields: DraftFields, text: string, files: {fields: FileFields, attachments: Attachment[]}}} DraftContent */

/**
 * The proposal from which a window is opened that continues a draft.
 * @param {DraftContent} content @param {ReadAddresses} read
 */
export async function proposalOf({ fields, text, files }, read) {
  const attachments = files.attachments.slice(0, files.attachments.length - files.fields.aside);
  const { inReplyTo, references, hidden } = fields.thread;
  const { subject, sharedFrom, html = "" } = fields;
  const lines = [fields.to, fields.cc, fields.bcc, fields.doubtful ?? []];
  const [to = [], cc = [], bcc = [], candidates = []] = await Promise.all(lines.map((line) => mailboxesOf(line, read)));
  const doubtful = candidates.filter(({ address }) => ![...to, ...cc].some((recipient) => sameAddress(recipient.address, address)));
  return {
    to, cc, bcc, subject, text, html, attachments, sharedFrom, inReplyTo, references, hidden, doubtful: { to: doubtful, cc: [] },
    answersEncrypted: fields.answersSealed, sign: fields.sign, encrypt: fields.seal, options: fields.more, copy: fields.copy,
  };
}

/**
 * The mailboxes of texts, which a draft or an earlier version has stored. A text without a mailbox stays as it was
 * typed.
 * @param {(string | Mailbox)[]} kept @param {ReadAddresses} read
 * @returns {Promise<Mailbox[]>}
 */
export async function mailboxesOf(kept, read) {
  const texts = kept.filter((entry) => typeof entry === "string").filter((text) => !isAddress(text));
  const lists = texts.length > 0 ? await read(texts) : [];
  const known = new Map(texts.map((text, index) => [text, lists[index] ?? []]));
  return kept.flatMap((entry) => {
    if (typeof entry !== "string") return [entry];
    const mailboxes = known.get(entry) ?? [];
    return mailboxes.length > 0 && mailboxes.every(({ address }) => address) ? mailboxes : [{ name: "", address: entry }];
  });
}

/**
 * The parts of a draft that only the extension uses; `files` makes the draft's files from the attached files.
 * @typedef {Pick<DraftFields, "forward" | "secret"> & {files: (attached: Attachment[]) => DraftContent["files"]}} OfExtension
 */

/**
 * The draft of a message that is being written.
 * @param {import("./composition.js").Composition} composition @param {string} from the value of `from` in `DraftFields`
 * @param {OfExtension} [ofExtension] without it, as in the pages, these parts come from the continued draft
 * @returns {DraftContent}
 */
export function draftContentOf(composition, from, ofExtension) {
  const { values, options, to, cc, bcc, attached, proposal: { inReplyTo, references, hidden, answersEncrypted, doubtful, draft } } = composition;
  const { subject, text, html, sign, encrypt, copy, sharedFrom } = values;
  const earlier = draft?.content ?? null;
  const { forward = null, secret } = ofExtension ?? earlier?.fields ?? {};
  const fields = {
    from, to: to.written, cc: cc.written, bcc: bcc.written, subject, thread: { inReplyTo, references, hidden }, forward,
    answersSealed: answersEncrypted, sign, seal: encrypt, more: options, secret, copy,
    doubtful: [...doubtful?.to ?? [], ...doubtful?.cc ?? []].map(({ address }) => address), sharedFrom, html,
  };
  return { fields, text, files: ofExtension?.files(attached.files) ?? filesOf(attached.files, earlier) };
}

/**
 * The files of a draft: the files that are attached now, and those that the extension keeps beside them.
 * @param {Attachment[]} attached
 * @param {DraftContent | null} earlier the draft that is continued
 * @returns {DraftContent["files"]}
 */
function filesOf(attached, earlier) {
  const { fields, attachments } = earlier?.files ?? { fields: { aside: 0, forwarded: [] }, attachments: [] };
  const aside = attachments.slice(attachments.length - fields.aside);
  const forwarded = fields.forwarded.map((at) => attached.findIndex((file) => file === attachments[at])).filter((at) => at >= 0);
  return { fields: { aside: aside.length, forwarded }, attachments: [...attached, ...aside] };
}
