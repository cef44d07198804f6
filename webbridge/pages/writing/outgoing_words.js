/** The words of a message that is being written, in the forms for sending and for the outbox. */

import { base64FromBytes } from "../../../wasm_build/vault/values/base64.js";
import { contentOf } from "./letter_copies.js";
import { statementsOf } from "./statements.js";

/** @typedef {import("../../../wasm_build/writing/composition.js").Composition} Composition */
/** @typedef {import("./sender.js").Sender} Sender */
/** @typedef {import("./statements.js").LabelPolicy} LabelPolicy */

/**
 * The draft that all copies of the message have in common.
 * @param {Composition} composition @param {Sender} sender @param {LabelPolicy | null} policy
 * @returns {import("./letter_sending.js").Words}
 */
export function wordsOf(composition, sender, policy) {
  const { values: { subject, text, html }, proposal, to, cc, attached, options } = composition;
  const { inReplyTo, references, hidden } = proposal;
  return {
    ...sender.fields, to: to.texts, cc: cc.texts, subject: subject.trim(), text, html, attachments: attached.files,
    inReplyTo, references, hidden, statements: statementsOf(options, policy),
  };
}

/**
 * The message in the form in which it is written again from the outbox.
 * @param {Composition} composition @param {Sender} sender @param {LabelPolicy | null} policy
 * @returns {import("../offline/outbox.js").Words}
 */
export function keptWordsOf(composition, sender, policy) {
  const { attachments, ...words } = wordsOf(composition, sender, policy);
  const { to, cc, bcc, values: { sharedFrom, sign, encrypt, copy }, proposal: { answersEncrypted } } = composition;
  return {
    ...words, to: to.mailboxes, cc: cc.mailboxes, bcc: bcc.mailboxes, sharedFrom, answersEncrypted, sign, encrypt, copy,
    files: attachments.map(({ name, type, data }) => ({ name, type, data: base64FromBytes(data) })),
  };
}

/**
 * A text that changes with everything that the person writes, without the files.
 * @param {Composition} composition @param {Sender} sender @param {LabelPolicy | null} policy
 */
export function writtenContentOf(composition, sender, policy) {
  const { sign, encrypt } = composition.values;
  const words = { ...wordsOf(composition, sender, policy), attachments: [] };
  return JSON.stringify([sign, encrypt, contentOf(words), composition.bcc.addresses]);
}
