/**
 * What the vault's owner does for letters: each comes and goes in one envelope, sealed to the owner or to the window.
 */
import "./shared/channel.js";
import { overwrite } from "./runtime/cleanup.js";
import { packLetter, unpackLetter } from "./shared/packed_letter.js";
import { tellProgress } from "./shared/progress.js";

/** RFC 9788 section 4.3: what stands outside in the place of a Subject that is sealed. */
const HIDDEN_SUBJECT = "[...]";
const WHOLE_NAME = "message.eml";
/** Attachments are hashed and encrypted as base64 in lines of 76 characters (RFC 2045 section 6.8). */
const BASE64_GROWTH = (4 / 3) * (78 / 76);

/**
 * @typedef {{
 *   callVault: (verb: string, args: object, onProgress?: (progress: {done: number}) => void) => Promise<any>,
 *   openEnvelope: (purpose: string, envelope: Envelope) => Promise<ArrayBuffer>,
 *   openSecret: (purpose: string, secret: SealedSecret) => Promise<Secret>,
 *   copyMail: (mail: string) => ArrayBuffer,
 * }} Owner `copyMail` gives a copy of a mail that is held for reading
 */

/**
 * @param {Owner} owner
 * @returns {Record<string, (body: any) => Promise<any>>}
 */
export function letterVerbs({ callVault, openEnvelope, openSecret, copyMail }) {
  const optionalKey = async (/** @type {SealedSecret | null} */ sealKey) => sealKey && openSecret("seal key", sealKey);

  /**
   * One message for each of `copies`: those in To and Cc share the first, every Bcc has one of its own.
   * @param {any} body
   */
  async function composeLetter({ composition, letter, copies, password, sealKey, sign, identities, at }) {
    const seals = copies.some((/** @type {any} */ copy) => copy.recipients.length || copy.usesPassword);
    const work = workOf(letter.ciphertext.byteLength, { copies: copies.length, sign, seals });
    const tell = (/** @type {number} */ done) => tellProgress(composition, { stage: "make", done, total: work.total });
    tell(work.arrived);
    const { fields, text, attachments } = unpackLetter(await openEnvelope("letter", letter));
    tell(work.opened);
    const secret = password && (await openSecret("password", password));
    const messages = [];
    for (const [index, { recipients, usesPassword }] of copies.entries()) {
      const isLast = index === copies.length - 1;
      const files = isLast ? attachments : attachments.map((one) => ({ ...one, data: one.data.slice(0) }));
      const { message } = await callVault("message.compose", {
        draft: { ...fields, text: isLast ? text : text.slice(0), attachments: files, date: at },
        sign, recipients, cipher: "cbc", identities: identities.map((/** @type {ArrayBuffer} */ one) => one.slice(0)),
        sealKey: await optionalKey(sealKey),
        ...(usesPassword && secret ? { passwords: [{ ...secret, buffer: secret.buffer.slice(0) }] } : {}),
      }, ({ done }) => tell(work.opened + work.forCopy * index + done));
      tell(work.opened + work.forCopy * (index + 1));
      messages.push(message);
    }
    if (secret) overwrite(secret.buffer);
    return { messages, subject: seals ? HIDDEN_SUBJECT : fields.subject };
  }

  /** A part of a draft, for keeping. @param {any} body */
  async function sealDraft({ content, place, sealKey, identities }) {
    const draft = await openEnvelope("draft", content);
    return callVault("draft.seal", { draft, place, identities, sealKey: await optionalKey(sealKey) });
  }

  /** A kept part of a draft, sealed to the window that goes on with it. @param {any} body */
  async function openDraft({ sealed, place, replyKey, sealKey, identities }) {
    const { draft } = await callVault("draft.open", { sealed, place, identities, sealKey: await optionalKey(sealKey) });
    return sealwaxChannel.sealTo(replyKey, "draft to go on with", draft);
  }

  /**
   * The mail that is answered or forwarded, sealed to the window that shows it.
   * @param {any} body
   */
  async function openOriginal({ mail, replyKey, sealKey, ...args }) {
    const { report, text, attachments, headers, reply } = await callVault("message.open", {
      ...args, message: copyMail(mail), sealKey: await optionalKey(sealKey),
    });
    const packed = packLetter({ fields: { headers, reply, report }, text, attachments });
    for (const { data } of attachments) overwrite(data);
    return sealwaxChannel.sealTo(replyKey, "original", packed);
  }

  /**
   * The whole mail as a file of its own, sealed to the window that forwards it: as it came, or where it was encrypted
   * without that, since others have not its keys.
   * @param {any} body
   */
  async function takeWhole({ mail, isSealed, replyKey, sealKey, identities }) {
    const held = copyMail(mail);
    const { message } = isSealed
      ? await callVault("message.decrypt", { message: held, identities, sealKey: await optionalKey(sealKey) }) : { message: held };
    const attachments = [{ name: WHOLE_NAME, type: "message/rfc822", data: message }];
    const packed = packLetter({ fields: {}, text: new ArrayBuffer(0), attachments });
    overwrite(message);
    return sealwaxChannel.sealTo(replyKey, "whole original", packed);
  }

  return {
    "letter.whole": takeWhole,
    "letter.compose": composeLetter,
    "letter.original": openOriginal,
    "draft.seal": sealDraft,
    "draft.open": openDraft,
  };
}

/**
 * How many octets are worked on for a letter, as far as one can say before: the letter comes and is opened; of each copy
 * it is taken by the vault, hashed and encrypted as base64, and comes out as base64 of that.
 * @param {number} octets @param {{copies: number, sign: boolean, seals: boolean}} letter
 */
function workOf(octets, { copies, sign, seals }) {
  const made = octets * BASE64_GROWTH;
  const forCopy = octets + (sign ? made : 0) + (seals ? made * (1 + BASE64_GROWTH) : made);
  return { arrived: octets, opened: 2 * octets, forCopy, total: 2 * octets + copies * forCopy };
}
