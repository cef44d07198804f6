/**
 * Signed receipts: the requests in sent messages, with which received receipts are compared, and the receipts that the
 * person gave.
 *
 * Each message that asks for a receipt has one record. The vault seals the record under a symmetric key of the person's
 * identity, bound to the account and the message. On the person's own computer the browser keeps the records. Elsewhere
 * they are in the memory of this page until the sign-out.
 */

import { describeReceipt, isOver, withArrived } from "../../../wasm_build/ui/receipts.js";
import { ApiError } from "../app/api.js";
import { decodeJson, encodeJson } from "../keys/bound_cipher.js";
import { accountDigest, openReceipts } from "../app/state_database.js";

/** @typedef {import("../../../wasm_build/ui/receipts.js").SentRequest} SentRequest */
/** @typedef {import("../../../wasm_build/ui/receipts.js").Judged} Judged */
/** @typedef {{sent: SentRequest | null, answeredAt: string | null}} Known what is known of one message that asks */
/** @typedef {Pick<typeof openReceipts, "read" | "write" | "remove">} Place where the records are */

const FORMAT = 1;
/** The name of the lock for writing, so that no receipt is given twice by two tabs. */
const TURN = "sealwax-receipts";
/** @type {Known} */
const UNKNOWN = { sent: null, answeredAt: null };

export class Receipts {
  #keys;
  #options;
  #memory = inMemory();

  /**
   * @param {import("../keys/keys.js").KeyRing} keys
   * @param {{account: () => string | null, isOwnComputer: () => boolean}} options
   */
  constructor(keys, options) {
    this.#keys = keys;
    this.#options = options;
  }

  /** Forgets the records that are only in this page. */
  forget() {
    this.#memory = inMemory();
  }

  /** The sent message that a receipt with this id is for; null if no such message is known. @param {string} id */
  async findSent(id) {
    return (await this.#read(id).catch(() => UNKNOWN)).sent;
  }

  /**
   * The verdict on a receipt for an unknown message. While the keys are locked, no sent message is known.
   * @template {Judged} J @param {J} judged @returns {J}
   */
  whileLocked(judged) {
    if (this.#keys.unlocked) return judged;
    const reasons = judged.report.reasons.map((reason) => (reason.code === "receipt-unknown" ? { ...reason, code: "receipt-locked" } : reason));
    return { ...judged, report: { ...judged.report, reasons } };
  }

  /**
   * Keeps the request of a message for receipts, before the message leaves. Rejects with `receipt-request-not-kept`.
   * @param {{id: string, digest: string} | null | undefined} asked the request from the vault; nothing if the message asks
   *   for no receipts
   * @param {string[]} to
   */
  async keepRequest(asked, to) {
    if (!asked) return;
    const sent = { id: asked.id, digest: asked.digest, to, sentAt: new Date().toISOString(), receipts: [] };
    await this.#inTurn(() => this.#write(asked.id, { ...UNKNOWN, sent })).catch((error) => {
      throw isOfStorage(error) ? new ApiError("receipt-request-not-kept", error.message) : error;
    });
  }

  /**
   * The statement about receipts beside a message whose verdict is final; null for none. If the message is a receipt,
   * keeps the result.
   * @param {Judged} judged
   */
  async settle({ report, receipt }) {
    if (!receipt || !this.#keys.unlocked) return null;
    try {
      if (receipt.kind === "given") await this.#keepArrived({ report, receipt });
      const known = await this.#read(receipt.id);
      return describeReceipt({ report, receipt }, { ...known, own: this.#keys.identities.flatMap(({ addresses }) => addresses) });
    } catch {
      // If a message's record cannot be read, no statement is shown, and no second receipt is offered.
      return null;
    }
  }

  /** Notes that a receipt is being given. Rejects with `receipt-given` or `receipt-not-noted`. @param {string} id */
  async noteGiven(id) {
    await this.#inTurn(async () => {
      const known = await this.#read(id);
      if (known.answeredAt !== null) throw new ApiError("receipt-given", "a receipt was made for this message");
      await this.#write(id, { ...known, answeredAt: new Date().toISOString() });
    }).catch((error) => {
      throw isOfStorage(error) ? new ApiError("receipt-not-noted", error.message) : error;
    });
  }

  /** Forgets a receipt that has certainly not left. @param {string} id */
  async forgetGiven(id) {
    await this.#inTurn(() => this.#place.remove(this.#signedIn(), id));
  }

  /** @param {{report: Judged["report"], receipt: import("../../../wasm_build/ui/receipts.js").GivenReceipt}} arrived */
  async #keepArrived(arrived) {
    const { id } = arrived.receipt;
    if (!(await this.findSent(id))) return;
    await this.#inTurn(async () => {
      const known = await this.#read(id);
      const next = known.sent && withArrived(known.sent, arrived);
      if (next) await this.#write(id, { ...known, sent: next });
    }).catch(() => undefined);
  }

  /** @returns {Place} */
  get #place() {
    return this.#options.isOwnComputer() ? openReceipts : this.#memory;
  }

  /** @param {string} id @returns {Promise<Known>} */
  async #read(id) {
    const account = this.#signedIn();
    const record = await this.#place.read(account, id);
    if (!record) return UNKNOWN;
    const vault = await this.#keys.vault();
    const { draft } = await vault.call("draft.open", {
      ...this.#keys.copies({ byPerson: false }), sealed: record.sealed.slice(0), place: await placeOf(account, id),
    });
    const { format, ...known } = decodeJson(draft);
    if (format !== FORMAT) throw new Error(`found a record of format ${format}`);
    return { ...known, sent: known.sent && !isOver(known.sent) ? known.sent : null };
  }

  /** @param {string} id @param {Known} known */
  async #write(id, known) {
    const account = this.#signedIn();
    const vault = await this.#keys.vault();
    const keys = this.#keys.copies({ byPerson: false });
    if (!keys.sealKey) throw new ApiError("locked", "the keys are locked");
    const draft = encodeJson({ format: FORMAT, ...known });
    const { sealed } = await vault.call("draft.seal", { draft, place: await placeOf(account, id), ...keys });
    const at = Date.parse(known.sent?.sentAt ?? known.answeredAt ?? "");
    await this.#place.write(account, id, { at, sealed });
  }

  #signedIn() {
    const account = this.#options.account();
    if (account === null) throw new ApiError("session-ended", "nobody has signed in");
    return account;
  }

  /** @template T @param {() => Promise<T>} act @returns {Promise<T>} */
  async #inTurn(act) {
    return navigator.locks.request(TURN, act);
  }
}

/** @returns {Place} */
function inMemory() {
  /** @type {Map<string, {at: number, sealed: ArrayBuffer}>} */
  const records = new Map();
  const nameOf = (/** @type {string} */ address, /** @type {string} */ id) => `${address} ${id}`;
  return {
    read: async (address, id) => records.get(nameOf(address, id)) ?? null,
    write: async (address, id, record) => void records.set(nameOf(address, id), record),
    remove: async (address, id) => void records.delete(nameOf(address, id)),
  };
}

/** The place to which the vault binds a record. @param {string} account @param {string} id */
async function placeOf(account, id) {
  return `receipt ${id} of ${await accountDigest(account)}`;
}

/** @param {any} error */
function isOfStorage(error) {
  return error?.code === "storage-full" || error?.code === "storage-refused";
}
