/**
 * The parts of a message that an answer uses: recipients, subject, quoted text, and place in the thread.
 *
 * Only the shown text is quoted, because the message's encryption and signature cover it.
 */

import { firstPieces } from "./bounded_text.js";
import { headerReader, isAddress, longDate, quoteMailbox, readMailbox, readMailboxes, sameAddress, writeMailbox } from "./formats.js";

/** 64 KB, or 3,200 short lines. */
const QUOTED_PIECES = 16;

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/**
 * A header field that the answer must hide, with the text that replaces it in the unencrypted header.
 * @typedef {{name: string, value: string, outside: string | null}} HiddenField
 */
/**
 * The fields by which the answer joins the thread, and those that it hides.
 * @typedef {{inReplyTo: string | null, references: string[], hidden: HiddenField[]}} ReplyFields
 */
/**
 * @typedef {{
 *   report: {layers: {kind: string}[], headerProtections?: string[]}, text: string, headers: [string, string][],
 *   reply: ReplyFields,
 * }} Opened
 */
/**
 * @typedef {ReplyFields & {
 *   to: string[], cc: string[], subject: string, quote: string, answersEncrypted: boolean, replyTo: string[], doubtful: string[],
 * }} Answer `replyTo` are the addresses of Reply-To other than the sender, about which the person is asked;
 *   `doubtful` are the addresses of `to` and `cc` that an encrypted message names in unprotected fields only
 */

/**
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @param {{toAll?: boolean, own?: string[]}} [options] `own` are the person's addresses, which get no copy
 * @returns {Answer}
 */
export function answerTo(translate, opened, { toAll = false, own = [] } = {}) {
  const header = headerReader(opened.headers);
  const sender = readMailbox(header("from"));
  const isOf = (/** @type {string[]} */ people) => (/** @type {string} */ address) => people.some((one) => sameAddress(one, address));
  const notOwn = (/** @type {string} */ address) => !isOf(own)(address);
  // The answer to the person's own message goes to its recipients.
  const readers = isOf(own)(sender.address) ? addressesOf(header("to")).filter(notOwn) : [];
  const to = readers.length > 0 ? readers : [sender.address];
  const others = toAll ? addressesOf(header("to"), header("cc")) : [];
  const cc = others.filter((address) => notOwn(address) && !isOf(to)(address));
  const answersEncrypted = isEncrypted(opened.report);
  const sure = isOf([...(readers.length > 0 ? [] : to), ...addressesOf(...protectedFields(opened, ["to", "cc"]))]);
  return {
    to, cc, doubtful: answersEncrypted ? [...to, ...cc].filter((address) => !sure(address)) : [],
    subject: withPrefix(/^re:/iu, "Re: ", header("subject")), ...opened.reply,
    quote: quoteOf(translate, opened), answersEncrypted,
    replyTo: readers.length > 0 ? [] : addressesOf(header("reply-to")).filter((address) => !sameAddress(address, sender.address)),
  };
}

/**
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @returns {Answer} a draft without recipients, in a new thread
 */
export function forwardOf(translate, opened) {
  const header = headerReader(opened.headers);
  const lines = ["from", "date", "to", "cc", "subject"].filter((name) => header(name))
    .map((name) => `${translate(name)}: ${header(name)}`);
  const quote = `\n\n${translate("forward_intro")}\n${lines.join("\n")}\n\n${quotedText(translate, opened.text)}\n`;
  return {
    to: [], cc: [], replyTo: [], doubtful: [], subject: withPrefix(/^fwd?:/iu, "Fwd: ", header("subject")), quote,
    inReplyTo: null, references: [], hidden: [], answersEncrypted: isEncrypted(opened.report),
  };
}

/**
 * Mailboxes with the display names that the message gives them. An encrypted message's unprotected fields name nobody,
 * because anybody could have changed them.
 * @param {Opened} opened
 * @param {string[]} addresses
 */
export function withNames(opened, addresses) {
  const header = headerReader(opened.headers);
  const names = ["from", "reply-to", "to", "cc"];
  const fields = isEncrypted(opened.report) ? protectedFields(opened, names) : names.map(header);
  const known = fields.flatMap(readMailboxes);
  return addresses.map((address) => quoteMailbox({
    name: known.find((one) => one.name && sameAddress(one.address, address))?.name ?? "", address,
  }));
}

/** @param {Catalogue} translate @param {Opened} opened */
function quoteOf(translate, { headers, text }) {
  const header = headerReader(headers);
  const who = writeMailbox(readMailbox(header("from")));
  const intro = translate("reply_intro", { who, date: longDate(header("date")) || header("date") });
  const quoted = quotedText(translate, text).split(/\r?\n/u).map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`));
  return `\n\n${intro}\n${quoted.join("\n")}\n`;
}

/** The text that is quoted. Of a very long one it is the beginning, because fields for text are slow. @param {Catalogue} translate @param {string} text */
function quotedText(translate, text) {
  const beginning = firstPieces(text, QUOTED_PIECES);
  return beginning === null ? text.trimEnd() : `${beginning.trimEnd()}\n${translate("quote_cut")}`;
}

/** The protected values of the named fields. @param {Opened} opened @param {string[]} names in lower case */
function protectedFields({ headers, report }, names) {
  const isProtected = (/** @type {number} */ index) => (report.headerProtections?.[index] ?? "unprotected") !== "unprotected";
  return headers.filter(([name], index) => names.includes(name.toLowerCase()) && isProtected(index)).map(([, value]) => value);
}

/**
 * Whether any layer was encrypted, so that an unencrypted answer must not quote it.
 * @param {Opened["report"]} report
 */
function isEncrypted({ layers }) {
  return layers.some(({ kind }) => kind === "encrypted");
}

/** @param {RegExp} present @param {string} prefix @param {string} subject */
function withPrefix(present, prefix, subject) {
  return present.test(subject) ? subject : `${prefix}${subject}`;
}

/** @param {...string} fields */
function addressesOf(...fields) {
  const found = fields.flatMap(readMailboxes).map(({ address }) => address).filter(isAddress);
  return found.filter((address, index) => found.findIndex((one) => sameAddress(one, address)) === index);
}
