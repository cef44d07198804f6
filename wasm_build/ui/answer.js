/**
 * The parts of a message that an answer uses: recipients, subject, quoted text, and place in the thread.
 *
 * The core says which people an answer may address (`smime_core/report/answers.py`). Only the person's own addresses are
 * left out here. Only the shown text is quoted, because the message's encryption and signature cover it.
 */

import { firstPieces } from "./bounded_text.js";
import { addressKey, headerReader, longDate, sameAddress, writeMailbox } from "./formats.js";
import { nameBeside } from "./shown_names.js";

/** The mark of the mails of our own services, as `smime_core.trust.SERVICE_FIELD`. */
const SERVICE_FIELD = "sealwax-service";
const PARCEL_REPLY = "parcel-reply";
const NOTICE = "notice";
/** The protections of a header field that include a signature. */
const SIGNED = new Set(["signed-only", "signed-and-encrypted"]);

/** The longest text that is quoted: 64 KB, or 3,200 short lines. */
const QUOTED_PIECES = 16;

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./formats.js").Mailbox} Mailbox */
/** A mailbox that an answer may address. If the mailbox is not sure, the person is asked first. @typedef {Mailbox & {isSure: boolean}} AnswerMailbox */
/**
 * The people that an answer may address: `AnswerPeople` of the core. If `isWhole` is false, some recipients are missing; `count`
 * is the number of all recipients.
 * @typedef {{
 *   senders: AnswerMailbox[], replyTo: AnswerMailbox[], to: AnswerMailbox[], cc: AnswerMailbox[], count: number, isWhole: boolean,
 * }} AnswerPeople
 */
/** The mailboxes of a header field, of which only the first are listed. @typedef {{count: number, mailboxes: (Mailbox & {protection?: string})[]}} FieldPeople */
/**
 * A header field that the answer must hide, with the text that replaces it in the unencrypted header.
 * @typedef {{name: string, value: string, outside: string | null}} HiddenField
 */
/**
 * The fields that make the answer part of the thread, and the fields that it hides.
 * @typedef {{inReplyTo: string | null, references: string[], hidden: HiddenField[]}} ReplyFields
 */
/**
 * @typedef {{
 *   report: {
 *     state: string, layers: {kind: string}[], date: string | null,
 *     people: {from: FieldPeople, replyTo: FieldPeople, to: FieldPeople, cc: FieldPeople}, headerProtections?: string[],
 *   },
 *   shown: string, headers: [string, string][], reply: ReplyFields & {people: AnswerPeople},
 * }} Opened `shown` is the text that the view shows: `shownText`
 */
/**
 * @typedef {ReplyFields & {
 *   to: Mailbox[], cc: Mailbox[], subject: string, quote: string, answersEncrypted: boolean, senders: Mailbox[], replyTo: Mailbox[],
 *   doubtful: {to: Mailbox[], cc: Mailbox[]}, tooMany: number,
 *   service?: "parcel-reply" | "notice",
 * }} Answer `to` and `cc` have only sure mailboxes; `doubtful` has the others, about which the person is asked. `replyTo` are the
 *   mailboxes of Reply-To that are not `senders`. The person chooses between `senders` and `replyTo`, so these senders are not in
 *   `doubtful`. `tooMany` is the number of recipients if they are too many for this answer; else 0. `service` is set for the mail
 *   of a service, where nobody reads replies
 */

/**
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @param {{toAll?: boolean, own?: string[], ownSigners?: string[]}} [options] `own` are the person's addresses, which get no
 *   copy. `ownSigners` are the addresses of the person's keys. Only an address in `ownSigners` makes a verified message the
 *   person's own, because a server reports `own`
 * @returns {Answer}
 */
export function answerTo(translate, opened, { toAll = false, own = [], ownSigners = own } = {}) {
  const service = serviceOf(opened);
  if (service) return answerToService(translate, opened, service);
  const { people, ...thread } = opened.reply;
  const { wanted: addressees, others, replyTo, tooMany } = chooseRecipients(people, {
    toAll, own, ownAuthors: opened.report.state === "verified" ? ownSigners : own,
  });
  const isAsked = replyTo.length > 0;
  return {
    to: sureOf(addressees), cc: sureOf(others), senders: addressees.map(withoutMark), replyTo: replyTo.map(withoutMark), tooMany,
    doubtful: { to: isAsked ? [] : doubtfulOf(addressees), cc: doubtfulOf(others) },
    subject: withPrefix(/^re:/iu, "Re: ", headerReader(opened.headers)("subject")), ...thread,
    quote: quoteOf(translate, opened), answersEncrypted: isEncrypted(opened.report),
  };
}

/**
 * The kind of service whose mail this is; null for the mail of a person. In a verified message only a signed mark counts: anybody
 * on the way could have added an unsigned mark, and the reply belongs to the proved sender.
 * @param {Opened} opened
 * @returns {"parcel-reply" | "notice" | null}
 */
function serviceOf({ headers, report }) {
  const marks = headers.flatMap(([name, value], index) => (name.toLowerCase() === SERVICE_FIELD ? [{ value: value.trim(), how: report.headerProtections?.[index] ?? "" }] : []));
  const counted = report.state === "verified" ? marks.filter(({ how }) => SIGNED.has(how)) : marks;
  const kinds = counted.map(({ value }) => value);
  return kinds.includes(PARCEL_REPLY) ? PARCEL_REPLY : kinds.includes(NOTICE) ? NOTICE : null;
}

/**
 * The reply to the mail of a service. It has no recipient at first, because nobody at a service reads replies. A forged mark can
 * only leave a reply without recipients; it cannot send the reply elsewhere. A verified notice names in a signed field who wants
 * the reply, and the person is asked about them.
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @param {"parcel-reply" | "notice"} service
 * @returns {Answer}
 */
function answerToService(translate, opened, service) {
  const { people, ...thread } = opened.reply;
  const isProved = service === NOTICE && opened.report.state === "verified";
  const mailboxes = opened.report.people.replyTo.mailboxes.filter(({ protection = "", address }) => SIGNED.has(protection) && address);
  return {
    to: [], cc: [], senders: [], replyTo: [],
    doubtful: { to: isProved ? mailboxes.map(({ name, address }) => ({ name, address })) : [], cc: [] }, tooMany: 0, service,
    subject: withPrefix(/^re:/iu, "Re: ", headerReader(opened.headers)("subject")), ...thread,
    quote: quoteOf(translate, opened), answersEncrypted: isEncrypted(opened.report),
  };
}

/**
 * @param {Catalogue} translate
 * @param {Opened} opened
 * @returns {Answer} a draft without recipients, in a new thread
 */
export function forwardOf(translate, opened) {
  const header = headerReader(opened.headers);
  const { to, cc } = opened.report.people;
  const lines = [
    ["from", senderText(opened)], ["date", header("date")], ["to", peopleText(to)], ["cc", peopleText(cc)], ["subject", header("subject")],
  ].filter(([, value]) => value).map(([name = "", value]) => `${translate(name)}: ${value}`);
  const quote = `\n\n${translate("forward_intro")}\n${lines.join("\n")}\n\n${quotedText(translate, opened.shown)}\n`;
  return {
    to: [], cc: [], senders: [], replyTo: [], doubtful: { to: [], cc: [] }, tooMany: 0,
    subject: withPrefix(/^fwd?:/iu, "Fwd: ", header("subject")), quote,
    inReplyTo: null, references: [], hidden: [], answersEncrypted: isEncrypted(opened.report),
  };
}

/** All recipients that a message names, as far as they are listed. @param {Opened} opened */
export function addressedBy({ reply: { people } }) {
  return uniqueOf([...people.to, ...people.cc]);
}

/**
 * A mailbox as a text for people. An unreadable mailbox has only its name, unless the name could be taken for an address.
 * @param {Mailbox} mailbox
 */
export function mailboxText({ name, address }) {
  return address ? writeMailbox({ name, address }) : nameBeside(name) || "?";
}

/**
 * The mailboxes of a field as a text for people. An ellipsis and the number of unlisted mailboxes follow.
 * @param {FieldPeople} people
 */
export function peopleText({ count, mailboxes }) {
  const named = mailboxes.map(mailboxText);
  return [...named, ...(count > mailboxes.length ? [`… (+${count - mailboxes.length})`] : [])].join(", ");
}

/**
 * The people of an answer. The answer to the person's own message goes to its recipients.
 * @param {AnswerPeople} people @param {{toAll: boolean, own: string[], ownAuthors: string[]}} options
 */
function chooseRecipients({ senders, replyTo, to, cc, count, isWhole }, { toAll, own, ownAuthors }) {
  const isOwn = (/** @type {Mailbox} */ { address }) => own.some((ownAddress) => sameAddress(ownAddress, address));
  const isNotOwn = (/** @type {Mailbox} */ mailbox) => !isOwn(mailbox);
  const isFromOwn = senders.length > 0 && senders.every(({ address }) => ownAuthors.some((author) => sameAddress(author, address)));
  const readers = isFromOwn ? to.filter(isNotOwn) : [];
  // An answer to a message without a readable sender can go only to its Reply-To.
  const claimed = senders.length > 0 ? senders : replyTo;
  // The answer to a note that a person sent to themselves goes to themselves.
  const addressees = [readers, isFromOwn ? claimed.filter(isNotOwn) : claimed, claimed].find((some) => some.length > 0) ?? [];
  const isWanted = (/** @type {Mailbox} */ { address }) => addressees.some((addressee) => sameAddress(addressee.address, address));
  return {
    wanted: addressees,
    others: toAll ? uniqueOf([...to, ...cc]).filter((mailbox) => isNotOwn(mailbox) && !isWanted(mailbox)) : [],
    replyTo: readers.length > 0 || senders.length === 0 ? [] : replyTo,
    tooMany: !isWhole && (toAll || isFromOwn) ? count : 0,
  };
}

/** Each address once: the mailbox that is sure, or else the first. @param {AnswerMailbox[]} mailboxes */
function uniqueOf(mailboxes) {
  /** @type {Map<string, AnswerMailbox>} */
  const mailboxByKey = new Map();
  for (const mailbox of mailboxes) {
    const key = addressKey(mailbox.address);
    if (!mailboxByKey.has(key) || (mailbox.isSure && !mailboxByKey.get(key)?.isSure)) mailboxByKey.set(key, mailbox);
  }
  return [...mailboxByKey.values()];
}

/** @param {AnswerMailbox[]} mailboxes */
function sureOf(mailboxes) {
  return mailboxes.filter(({ isSure }) => isSure).map(withoutMark);
}

/** @param {AnswerMailbox[]} mailboxes */
function doubtfulOf(mailboxes) {
  return mailboxes.filter(({ isSure }) => !isSure).map(withoutMark);
}

/** @param {AnswerMailbox} mailbox @returns {Mailbox} */
function withoutMark({ name, address }) {
  return { name, address };
}

/** The sender as the view names them: the proved sender, or the people in From. @param {Opened} opened */
function senderText({ report, reply: { people: { senders } } }) {
  const [proved] = report.state === "verified" ? senders : [];
  return proved ? writeMailbox(proved) : peopleText(report.people.from);
}

/** The time of a message in words; the text of its Date field if that text is no time. @param {Pick<Opened, "report" | "headers">} opened */
export function dateText({ report, headers }) {
  return longDate(report.date) || headerReader(headers)("date");
}

/** @param {Catalogue} translate @param {Opened} opened */
function quoteOf(translate, opened) {
  const date = dateText(opened);
  const who = senderText(opened);
  const intro = date ? translate("reply_intro", { who, date }) : translate("reply_intro_undated", { who });
  const quoted = quotedText(translate, opened.shown).split(/\r?\n/u).map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`));
  return `\n\n${intro}\n${quoted.join("\n")}\n`;
}

/** The text that is quoted. For a very long text, only its beginning, because text fields are slow. @param {Catalogue} translate @param {string} text */
function quotedText(translate, text) {
  const beginning = firstPieces(text, QUOTED_PIECES);
  return beginning === null ? text.trimEnd() : `${beginning.trimEnd()}\n${translate("quote_cut")}`;
}

/**
 * Whether any layer was encrypted. If so, an unencrypted answer must not quote the message.
 * @param {Opened["report"]} report
 */
function isEncrypted({ layers }) {
  return layers.some(({ kind }) => kind === "encrypted");
}

/** @param {RegExp} present @param {string} prefix @param {string} subject */
function withPrefix(present, prefix, subject) {
  return present.test(subject) ? subject : `${prefix}${subject}`;
}
