/**
 * A draft as values: the message that is being written, its sealed parts, and the way between them. The names are those
 * of the extension's drafts, because both continue the drafts of each other.
 */

import { draftPlace } from "../../../wasm_build/ui/draft_message.js";
import { isAddress, sameAddress } from "../../../wasm_build/ui/formats.js";
import { packLetter, unpackLetter } from "../../../wasm_build/vault/values/packed_letter.js";
import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/attachments.js").Attachment} Attachment */
/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftPart} DraftPart */
/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftParts} DraftParts */
/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** Gives the mailboxes of each text (`MailVault.readAddresses`). @typedef {(texts: string[]) => Promise<Mailbox[][]>} ReadAddresses */
/** @typedef {{inReplyTo: string | null, references: string[], hidden: import("../../../wasm_build/ui/answer.js").HiddenField[]}} Thread */
/**
 * `forward` and `secret` are of the extension, and go back to it unchanged. `copy`, `doubtful`, `sharedFrom` and `html` are of the
 * pages: the wish for the copy in Sent, the people about whom the person is still asked, the shared address in From, and the formatted
 * text, empty for none. The extension gives them back, when it may have changed the text.
 * @typedef {{
 *   from: string, to: string[], cc: string[], bcc: string[], subject: string, thread: Thread, forward: unknown,
 *   answersSealed: boolean, sign: boolean, seal: boolean, more?: import("../../../wasm_build/ui/signature_options.js").Options, secret?: string,
 *   copy?: import("../app/service_answers.js").CopyWish | null, doubtful?: string[], sharedFrom?: string, html?: string,
 * }} DraftFields
 */
/**
 * `aside` is the number of files at the end of the list that the extension keeps without attaching them. `forwarded` are the
 * positions of the attached files that come from a forwarded message.
 * @typedef {{aside: number, forwarded: number[]}} FileFields
 */
/** @typedef {{fields: DraftFields, text: string, files: {fields: FileFields, attachments: Attachment[]}}} DraftContent */

/** Seals drafts for their places, and opens them. Attachments that stay the same are not sealed again. */
export class DraftSeals {
  #keys;
  /** @type {{id: string, attachments: Attachment[], fields: string, sealed: ArrayBuffer} | null} */
  #files = null;

  /** @param {KeyRing} keys */
  constructor(keys) {
    this.#keys = keys;
  }

  /** Rejects with `locked` while the keys are locked. @param {string} id @param {DraftContent} content @returns {Promise<DraftParts>} */
  async seal(id, { fields, text, files }) {
    if (!this.#keys.unlocked) throw new ApiError("locked", "a draft is sealed with unlocked keys only");
    const written = new TextEncoder().encode(text).buffer;
    const letter = await this.#seal(id, "letter", packLetter({ fields, text: written, attachments: [] }));
    return { letter, files: files.attachments.length > 0 ? await this.#sealFiles(id, files) : null };
  }

  /** Rejects with `draft-not-yours` if a part was altered, or is of another draft. @param {string} id @param {DraftParts} parts @returns {Promise<DraftContent>} */
  async open(id, parts) {
    const { fields, text } = await this.openLetter(id, parts);
    const files = parts.files ? await this.#open(id, "files", parts.files) : null;
    return {
      fields, text,
      files: { fields: /** @type {FileFields} */ (files?.fields ?? { aside: 0, forwarded: [] }), attachments: files?.attachments ?? [] },
    };
  }

  /** Opens a draft without its files. @param {string} id @param {DraftParts} parts @param {{byPerson?: boolean}} [use] */
  async openLetter(id, parts, use) {
    const letter = await this.#open(id, "letter", parts.letter, use);
    const text = new TextDecoder().decode(letter.text);
    overwrite(letter.text);
    return { fields: /** @type {DraftFields} */ (letter.fields), text };
  }

  /** @param {string} id @param {DraftContent["files"]} files */
  async #sealFiles(id, { fields, attachments }) {
    const known = this.#files;
    const words = JSON.stringify(fields);
    const isSame = known?.id === id && known.fields === words && known.attachments.length === attachments.length
      && attachments.every((one, index) => one === known.attachments[index]);
    if (known && isSame) return known.sealed;
    const sealed = await this.#seal(id, "files", packLetter({ fields, text: new ArrayBuffer(0), attachments }));
    this.#files = { id, fields: words, attachments: [...attachments], sealed };
    return sealed;
  }

  /** Forgets the attachments of the draft that was sealed last. */
  forget() {
    this.#files = null;
  }

  /** @param {string} id @param {DraftPart} part @param {ArrayBuffer} packed is overwritten @returns {Promise<ArrayBuffer>} */
  async #seal(id, part, packed) {
    try {
      const vault = await this.#keys.vault();
      // A draft is kept without an act of the person, so it does not keep the keys unlocked.
      const keys = this.#keys.copies({ byPerson: false });
      if (!keys.sealKey) throw new ApiError("locked", "the keys are locked");
      return (await vault.call("draft.seal", { draft: packed.slice(0), place: draftPlace(id, part), ...keys })).sealed;
    } finally {
      overwrite(packed);
    }
  }

  /** @param {string} id @param {DraftPart} part @param {ArrayBuffer} sealed @param {{byPerson?: boolean}} [use] */
  async #open(id, part, sealed, use) {
    const vault = await this.#keys.vault();
    const keys = this.#keys.copies(use);
    if (!keys.sealKey) throw new ApiError("locked", "the keys are locked");
    const { draft } = await vault.call("draft.open", { sealed: sealed.slice(0), place: draftPlace(id, part), ...keys }).catch((error) => {
      if (error?.code !== "decryption-error") throw error;
      throw new ApiError("draft-not-yours", "these keys have not sealed it for this place");
    });
    return unpackLetter(draft);
  }
}

/**
 * The proposal with which the writing view continues a draft.
 * @param {DraftContent} content @param {ReadAddresses} read
 */
export async function proposalOf({ fields, text, files }, read) {
  const attachments = files.attachments.slice(0, files.attachments.length - files.fields.aside);
  const { inReplyTo, references, hidden } = fields.thread;
  const { subject, sharedFrom, html = "" } = fields;
  const lines = [fields.to, fields.cc, fields.bcc, fields.doubtful ?? []];
  const [to = [], cc = [], bcc = [], asked = []] = await Promise.all(lines.map((line) => mailboxesOf(line, read)));
  const doubtful = asked.filter(({ address }) => ![...to, ...cc].some((one) => sameAddress(one.address, address)));
  return {
    to, cc, bcc, subject, text, html, attachments, sharedFrom, inReplyTo, references, hidden, doubtful: { to: doubtful, cc: [] },
    answersEncrypted: fields.answersSealed,
  };
}

/**
 * The mailboxes that an earlier version, or a draft, keeps as texts. A text that names nobody stays as it is typed.
 * @param {(string | Mailbox)[]} kept @param {ReadAddresses} read
 * @returns {Promise<Mailbox[]>}
 */
export async function mailboxesOf(kept, read) {
  const texts = kept.filter((one) => typeof one === "string").filter((text) => !isAddress(text));
  const lists = texts.length > 0 ? await read(texts) : [];
  const known = new Map(texts.map((text, index) => [text, lists[index] ?? []]));
  return kept.flatMap((one) => {
    if (typeof one !== "string") return [one];
    const found = known.get(one) ?? [];
    return found.length > 0 && found.every(({ address }) => address) ? found : [{ name: "", address: one }];
  });
}

/**
 * The draft of a message that is being written. The parts that only the extension knows come from the draft that is continued.
 * @param {import("../writing/composition.js").Composition} composition @param {string} from the person's own address
 * @returns {DraftContent}
 */
export function draftContentOf(composition, from) {
  const { values, options, to, cc, bcc, attached, proposal: { inReplyTo, references, hidden, answersEncrypted, doubtful, draft } } = composition;
  const { subject, text, html, sign, encrypt, copy, sharedFrom } = values;
  const earlier = draft?.content ?? null;
  const { forward = null, secret } = earlier?.fields ?? {};
  const fields = {
    from, to: to.written, cc: cc.written, bcc: bcc.written, subject, thread: { inReplyTo, references, hidden }, forward,
    answersSealed: answersEncrypted, sign, seal: encrypt, more: options, secret, copy,
    doubtful: [...doubtful?.to ?? [], ...doubtful?.cc ?? []].map(({ address }) => address), sharedFrom, html,
  };
  return { fields, text, files: filesOf(attached.files, earlier) };
}

/**
 * The files of a draft: those that are attached now, and those that the extension keeps beside them.
 * @param {Attachment[]} attached
 * @param {DraftContent | null} earlier the draft that is continued
 * @returns {DraftContent["files"]}
 */
export function filesOf(attached, earlier) {
  const { fields, attachments } = earlier?.files ?? { fields: { aside: 0, forwarded: [] }, attachments: [] };
  const aside = attachments.slice(attachments.length - fields.aside);
  const forwarded = fields.forwarded.map((at) => attached.findIndex((one) => one === attachments[at])).filter((at) => at >= 0);
  return { fields: { aside: aside.length, forwarded }, attachments: [...attached, ...aside] };
}
