/**
 * The verbs for letters of the vault's owner, the context that runs the vault. A letter arrives in one envelope that is
 * encrypted for the owner. Replies to a window are encrypted for that window.
 */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { encryptTo } from "../shared/channel.js";
import { required } from "../shared/messages.js";
import { shownText } from "../../wasm_build/vault/values/shown_text.js";
import { packLetter, unpackLetter } from "../../wasm_build/vault/values/packed_letter.js";
import { tellProgress } from "../shared/progress.js";
import { copyMail } from "./mail_verbs.js";
import { callVault, copyAll, openEnvelope, openSecret } from "./vault_access.js";

/** RFC 9788 section 4.3: the outer Subject if the real one is encrypted. */
const HIDDEN_SUBJECT = "[...]";
const WHOLE_NAME = "message.eml";
/** The factor by which base64 makes attachments larger: lines of 76 characters with a line end (RFC 2045 section 6.8). */
const BASE64_GROWTH = (4 / 3) * (78 / 76);

/**
 * A letter from which the vault composes messages.
 * @typedef {import("../../wasm_build/vault/values/packed_letter.js").PackedLetter<import("../compose/courier.js").LetterFields>} Unpacked
 */
/** @typedef {Pick<Encrypted<VaultArgs<"message.verify">>, "sealKey" | "identities">} Keys */
/**
 * @typedef {Keys & {
 *   composition: string, letter: Envelope, copies: {recipients: ArrayBuffer[], usesPassword: boolean, readsHeaders?: boolean}[],
 *   password: EncryptedSecret | null, sign: boolean, receipt: boolean, at: string,
 *   label: {policy: string, classification: number} | null,
 * }} Composing
 */

/**
 * Signed letters that wait for their timestamps, by the id of the composition.
 * @type {Map<string, {signed: VaultReply<"message.sign">[], subject: string}>}
 */
const waiting = new Map();

export const letterVerbs = {
  "letter.whole": takeWhole,
  "letter.compose": composeLetter,
  "letter.sign": signLetter,
  "letter.finish": finishLetter,
  "letter.drop": async (/** @type {{composition: string}} */ body) => dropLetter(body),
  /**
   * Makes the receipt that a held mail asks for.
   * @param {Omit<Encrypted<VaultArgs<"receipt.make">>, "message"> & {mail: string}} body
   */
  "letter.receipt": ({ mail, ...receipt }) => callVault("receipt.make", { ...receipt, message: copyMail(mail) }),
  "letter.original": openOriginal,
  /** Encrypts a part of a draft for storing. @param {Keys & {content: Envelope, place: string}} body */
  "draft.seal": async ({ content, ...rest }) => callVault("draft.seal", { ...rest, draft: await openEnvelope("draft", content) }),
  /**
   * Decrypts a stored part of a draft, and encrypts it for the window that continues the draft.
   * @param {Encrypted<VaultArgs<"draft.open">> & {replyKey: ArrayBuffer}} body
   */
  "draft.open": async ({ replyKey, ...sealed }) =>
    encryptTo(replyKey, "draft to go on with", (await callVault("draft.open", sealed)).draft),
};

/**
 * Makes one message for each of `copies`. People in To and Cc share one message, and each person in Bcc gets a separate
 * message. `requests` are the values by which receipts for each message are recognised later.
 * @param {Composing} body
 */
async function composeLetter(body) {
  const { copies, sign, receipt, label, sealKey } = body;
  const { draftOf, encrypts, subject, work, tell } = await openLetter(body);
  /** @type {VaultReply<"message.compose">[]} */
  const made = [];
  await withPassword(body.password, async (password) => {
    for (const [index, copy] of copies.entries()) {
      const begun = work.opened + work.forCopy * index;
      made.push(await callVault("message.compose", {
        draft: draftOf(index), sign, readsHeaders: copy.readsHeaders ?? false, receipt, label, identities: copyAll(body.identities), sealKey, ...encryptionOf(copy, password),
      }, ({ done }) => tell(begun + done)));
      tell(begun + work.forCopy);
    }
  });
  return { messages: made.map(({ message }) => message), requests: made.map(({ receipt: request = null }) => request), subject: encrypts ? HIDDEN_SUBJECT : subject };
}

/**
 * Signs one message for each of `copies`, and returns `queries` for a timestamp service. The messages wait here for its
 * answers.
 * @param {Composing} body
 */
async function signLetter(body) {
  const { composition, copies, receipt, label, sealKey } = body;
  dropLetter({ composition });
  const { draftOf, encrypts, subject, work, tell } = await openLetter(body);
  /** @type {VaultReply<"message.sign">[]} */
  const signed = [];
  waiting.set(composition, { signed, subject: encrypts ? HIDDEN_SUBJECT : subject });
  for (const [index, copy] of copies.entries()) {
    const isEncrypted = copy.recipients.length > 0 || copy.usesPassword;
    signed.push(await callVault("message.sign", {
      draft: draftOf(index), encrypts: isEncrypted, readsHeaders: copy.readsHeaders ?? false, receipt, label, identities: copyAll(body.identities), sealKey,
    }));
    tell(work.opened + work.forCopy * (index + 1));
  }
  return { queries: signed.map(({ query }) => query) };
}

/**
 * Finishes the messages of `signLetter` with the answers of the timestamp service. The reply is like the reply of
 * `composeLetter`.
 * @param {Pick<Composing, "composition" | "copies" | "password"> & {answers: ArrayBuffer[]}} body
 */
async function finishLetter({ composition, copies, password: encrypted, answers }) {
  // The letter is missing if the vault has ended and restarted since the letter was signed.
  const letter = required(waiting.get(composition), "vault-restarted");
  /** @type {ArrayBuffer[]} */
  const messages = [];
  await withPassword(encrypted, async (password) => {
    for (const [index, { headers, entity, nonce }] of letter.signed.entries()) {
      const finishing = { headers, entity, nonce, answer: answers[index], ...encryptionOf(copies[index], password) };
      messages.push((await callVault("message.finish", finishing)).message);
    }
  });
  waiting.delete(composition);
  return { messages, requests: letter.signed.map(({ receipt = null }) => receipt), subject: letter.subject };
}

/** Overwrites a signed letter that gets no timestamp. @param {{composition: string}} body */
function dropLetter({ composition }) {
  for (const { headers, entity } of waiting.get(composition)?.signed ?? []) [headers, entity].forEach(overwrite);
  waiting.delete(composition);
}

export function clearLetters() {
  for (const composition of [...waiting.keys()]) dropLetter({ composition });
}

/**
 * Opens the envelope of a letter. A call to the vault transfers its buffers. So the draft of each copy duplicates the
 * letter's buffers, except the last draft, which has the buffers themselves.
 * @param {Composing} body
 */
async function openLetter({ composition, letter, copies, sign, at }) {
  const encrypts = copies.some((copy) => copy.recipients.length || copy.usesPassword);
  const work = workOf(letter.ciphertext.byteLength, { copies: copies.length, sign, encrypts });
  const tell = (/** @type {number} */ done) => tellProgress(composition, { stage: "make", done, total: work.total });
  tell(work.arrived);
  const { fields, text, attachments } = /** @type {Unpacked} */ (unpackLetter(await openEnvelope("letter", letter)));
  tell(work.opened);
  const draftOf = (/** @type {number} */ index) => {
    const isLast = index === copies.length - 1;
    const files = isLast ? attachments : attachments.map((attachment) => ({ ...attachment, data: attachment.data.slice(0) }));
    // RFC 5322 section 3.6.4: a Message-ID names one message. If two messages shared a Message-ID, finding one of them
    // in the Sent folder would seem to confirm that the other was sent.
    const messageId = isLast ? fields.messageId : `<${crypto.randomUUID()}@${fields.messageId?.slice(1, -1).split("@").at(-1)}>`;
    return { ...fields, messageId, text: isLast ? text : text.slice(0), attachments: files, date: at };
  };
  return { draftOf, encrypts, subject: fields.subject, work, tell };
}

/**
 * Decrypts a letter's password and calls `work` with it. Overwrites the password afterwards, also after an error.
 * @param {EncryptedSecret | null} encrypted @param {(password: Secret | null) => Promise<void>} work
 */
async function withPassword(encrypted, work) {
  const password = encrypted && (await openSecret("password", encrypted));
  try {
    await work(password);
  } finally {
    if (password) overwrite(password.buffer);
  }
}

/** @param {Composing["copies"][number]} copy @param {Secret | null} password */
function encryptionOf({ recipients, usesPassword }, password) {
  const passwords = usesPassword && password ? { passwords: [{ ...password, buffer: password.buffer.slice(0) }] } : {};
  return { recipients: copyAll(recipients), cipher: "cbc", ...passwords };
}

/**
 * The mail that is answered or forwarded, encrypted for the window that shows it.
 * @param {Omit<Encrypted<VaultArgs<"message.verify">>, "message"> & {mail: string, replyKey: ArrayBuffer}} body
 */
async function openOriginal({ mail, replyKey, ...opening }) {
  const { report, text, passages, attachments, headers, reply } = await callVault("message.verify", { ...opening, message: copyMail(mail) });
  const shown = shownText({ text, passages });
  const packed = packLetter({ fields: { headers, reply, report }, text: shown, attachments });
  for (const buffer of [text, shown, ...passages.flatMap((passage) => [passage.text, passage.html]), ...attachments.map(({ data }) => data)]) {
    if (buffer) overwrite(buffer);
  }
  return encryptTo(replyKey, "original", packed);
}

/**
 * The whole mail as a file, encrypted for the window that forwards it. A mail that came encrypted is decrypted first,
 * since its new readers do not have its keys.
 * @param {Keys & {mail: string, isEncrypted: boolean, replyKey: ArrayBuffer}} body
 */
async function takeWhole({ mail, isEncrypted, replyKey, ...keys }) {
  const copy = copyMail(mail);
  const { message } = isEncrypted ? await callVault("message.decrypt", { ...keys, message: copy }) : { message: copy };
  const attachments = [{ name: WHOLE_NAME, type: "message/rfc822", data: message }];
  const packed = packLetter({ fields: {}, text: new ArrayBuffer(0), attachments });
  overwrite(message);
  return encryptTo(replyKey, "whole original", packed);
}

/**
 * Estimates the work for a letter in bytes, for its progress. The letter arrives and is opened. For each copy the vault
 * reads the letter, hashes and encrypts its base64 form, and returns the result in base64.
 * @param {number} bytes @param {{copies: number, sign: boolean, encrypts: boolean}} letter
 */
function workOf(bytes, { copies, sign, encrypts }) {
  const made = bytes * BASE64_GROWTH;
  const forCopy = bytes + (sign ? made : 0) + (encrypts ? made * (1 + BASE64_GROWTH) : made);
  return { arrived: bytes, opened: 2 * bytes, forCopy, total: 2 * bytes + copies * forCopy };
}
