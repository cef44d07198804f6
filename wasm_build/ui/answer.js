/**
 * What an answer takes over from a message: to whom, under which subject, what is quoted, how it joins the thread.
 *
 * Only the text that was shown is quoted: what the one opened or verified chain covers, and nothing beside it.
 */

import { headerReader, isAddress, longDate, readMailbox, readMailboxes, sameAddress, writeMailbox } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {{name: string, value: string, outside: string | null}} HiddenField */
/** What joins the thread and hides what the message hid. @typedef {{inReplyTo: string | null, references: string[], hidden: HiddenField[]}} ReplyFields */
/**
 * @typedef {{
 *   report: {layers: {kind: string}[], headerProtections?: string[]}, text: string, headers: [string, string][],
 *   reply: ReplyFields,
 * }} Opened
 */
/**
 * @typedef {ReplyFields & {
 *   to: string[], cc: string[], subject: string, quote: string, answersSealed: boolean, replyTo: string[], doubtful: string[],
 * }} Answer `replyTo` is where the message wants its answers when that is not its sender, to be asked about; `doubtful` are those
 *   of `to` and `cc` whom an encrypted message names only in fields that nothing protected
 */

/**
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @param {{toAll?: boolean, own?: string[]}} [options] `own` addresses get no copy
 * @returns {Answer}
 */
export function answerTo(translate, opened, { toAll = false, own = [] } = {}) {
  const header = headerReader(opened.headers);
  const sender = readMailbox(header("from"));
  const isOf = (/** @type {string[]} */ people) => (/** @type {string} */ address) => people.some((one) => sameAddress(one, address));
  const notOwn = (/** @type {string} */ address) => !isOf(own)(address);
  // What the person sent goes on to those who got it, and not back to the person.
  const readers = isOf(own)(sender.address) ? addressesOf(header("to")).filter(notOwn) : [];
  const to = readers.length > 0 ? readers : [sender.address];
  const others = toAll ? addressesOf(header("to"), header("cc")) : [];
  const cc = others.filter((address) => notOwn(address) && !isOf(to)(address));
  const answersSealed = isSealed(opened.report);
  const sure = isOf([...(readers.length > 0 ? [] : to), ...addressesOf(...protectedFields(opened, ["to", "cc"]))]);
  return {
    to, cc, doubtful: answersSealed ? [...to, ...cc].filter((address) => !sure(address)) : [],
    subject: withPrefix(/^re:/iu, "Re: ", header("subject")), ...opened.reply,
    quote: quoteOf(translate, opened), answersSealed,
    replyTo: readers.length > 0 ? [] : addressesOf(header("reply-to")).filter((address) => !sameAddress(address, sender.address)),
  };
}

/**
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @returns {Answer} to nobody yet, and in a thread of its own
 */
export function forwardOf(translate, opened) {
  const header = headerReader(opened.headers);
  const lines = ["from", "date", "to", "cc", "subject"].filter((name) => header(name))
    .map((name) => `${translate(name)}: ${header(name)}`);
  const quote = `\n\n${translate("forward_intro")}\n${lines.join("\n")}\n\n${opened.text.trimEnd()}\n`;
  return {
    to: [], cc: [], replyTo: [], doubtful: [], subject: withPrefix(/^fwd?:/iu, "Fwd: ", header("subject")), quote,
    inReplyTo: null, references: [], hidden: [], answersSealed: isSealed(opened.report),
  };
}

/** @param {Catalogue} translate @param {Opened} opened */
function quoteOf(translate, { headers, text }) {
  const header = headerReader(headers);
  const who = writeMailbox(readMailbox(header("from")));
  const intro = translate("reply_intro", { who, date: longDate(header("date")) || header("date") });
  const quoted = text.trimEnd().split(/\r?\n/u).map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`));
  return `\n\n${intro}\n${quoted.join("\n")}\n`;
}

/** What stands in fields that were protected. @param {Opened} opened @param {string[]} names in small letters */
function protectedFields({ headers, report }, names) {
  const isProtected = (/** @type {number} */ index) => (report.headerProtections?.[index] ?? "unprotected") !== "unprotected";
  return headers.filter(([name], index) => names.includes(name.toLowerCase()) && isProtected(index)).map(([, value]) => value);
}

/** Whether any of it was sealed: what stands in it is not to leave readable by itself. @param {Opened["report"]} report */
function isSealed({ layers }) {
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
