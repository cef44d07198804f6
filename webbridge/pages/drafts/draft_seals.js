/** The sealing of drafts by the vault. Each part of a draft is bound to its place, so that it cannot be used in another draft. */

import { draftPlace } from "../../../wasm_build/ui/draft_message.js";
import { packLetter, unpackLetter } from "../../../wasm_build/vault/values/packed_letter.js";
import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../app/api.js";

/** @typedef {import("../../../wasm_build/ui/attachments.js").Attachment} Attachment */
/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftPart} DraftPart */
/** @typedef {import("../../../wasm_build/ui/draft_message.js").DraftParts} DraftParts */
/** @typedef {import("../../../wasm_build/writing/draft_content.js").DraftContent} DraftContent */
/** @typedef {import("../../../wasm_build/writing/draft_content.js").DraftFields} DraftFields */
/** @typedef {import("../../../wasm_build/writing/draft_content.js").FileFields} FileFields */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */

/** Seals and opens drafts. Attachments that have not changed are not sealed again. */
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
    const packed = packLetter({ fields, text: new TextEncoder().encode(text).buffer, attachments: [] });
    const letter = await this.#seal(id, "letter", packed);
    return { letter, files: files.attachments.length > 0 ? await this.#sealFiles(id, files) : null };
  }

  /**
   * Rejects with `draft-not-yours` if a part was changed, or belongs to another draft.
   * @param {string} id
   * @param {DraftParts} parts
   * @returns {Promise<DraftContent>}
   */
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
      && attachments.every((attachment, index) => attachment === known.attachments[index]);
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
      // Drafts are kept automatically, so this call does not count as a use of the keys by the person.
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
