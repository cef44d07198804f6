/** A reply: to whom, under which subject, and what of the original is quoted. */

import { headerReader, longDate, readMailbox, writeMailbox } from "./formats.js";
import { isSealed } from "./report_details.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./mail_vault.js").OpenedMessage} OpenedMessage */

/**
 * Quotes only the text that was shown, and remembers whether the original was sealed.
 * @param {App} app
 * @param {OpenedMessage} opened
 * @returns {import("./views/writing_view.js").Proposal}
 */
export function replyTo(app, opened) {
  const header = headerReader(opened.headers);
  const sender = readMailbox(header("from"));
  const subject = header("subject");
  const who = writeMailbox(sender);
  const date = longDate(header("date")) || header("date");
  const intro = app.translate("reply_intro", { who, date });
  const quoted = opened.text.trimEnd().split(/\r?\n/u).map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`));
  return {
    to: [sender.address],
    subject: /^re:/iu.test(subject) ? subject : `Re: ${subject}`,
    text: `\n\n${intro}\n${quoted.join("\n")}\n`,
    ...opened.reply,
    answersSealed: isSealed(opened.report),
  };
}
