/**
 * The keyword that marks a message at the mail server after a receipt was given, so that each browser of the person sees
 * it. Like `$MDNSent` for unsigned receipts (RFC 3503 section 3.1), the keyword is set before the receipt is sent.
 */

import { ApiError } from "../app/api.js";
import { NOT_OFFERED } from "../account/account_requests.js";

/** @typedef {import("../mail/mail_changes.js").MailChanges} MailChanges */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */

export const RECEIPT_SENT = "$SealwaxReceiptSent";
/** The codes of errors which mean that the server keeps no keyword for this message. */
const NOT_KEPT = new Set(["not-offered", "mail-server-refused", "bad-argument", ...NOT_OFFERED]);

/** @param {readonly string[]} flags */
export function isReceiptSent(flags) {
  return flags.some((flag) => flag.toLowerCase() === RECEIPT_SENT.toLowerCase());
}

/** The keyword of one message while its receipt is given. */
export class ReceiptKeyword {
  #changes;
  #address;
  #isAsked = false;

  /** @param {Pick<MailChanges, "row" | "setFlags">} changes @param {MessageAddress | null} address null for a message inside another */
  constructor(changes, address) {
    this.#changes = changes;
    this.#address = address;
  }

  /**
   * Sets the keyword. Rejects with `receipt-given-elsewhere` if another browser has set it.
   * @returns {Promise<boolean>} false if the mail server does not keep the keyword
   */
  async set() {
    if (!this.#address) return false;
    try {
      if (await this.#isThere()) throw givenElsewhere();
      this.#isAsked = true;
      const { undo } = await this.#changes.setFlags(this.#chosen, { add: [RECEIPT_SENT] });
      if (!(await this.#isThere())) return false;
      if (undo.length > 0) return true;
      // If nothing was changed, another browser has set the keyword at the same time.
      this.#isAsked = false;
      throw givenElsewhere();
    } catch (error) {
      if (error instanceof ApiError && NOT_KEPT.has(error.code)) return false;
      throw error;
    }
  }

  /** Clears the keyword, because the receipt has certainly not been sent. */
  async clear() {
    if (this.#isAsked) await this.#changes.setFlags(this.#chosen, { remove: [RECEIPT_SENT] }).catch(() => undefined);
  }

  async #isThere() {
    const row = this.#address && await this.#changes.row(this.#address);
    return isReceiptSent(row?.flags ?? []);
  }

  get #chosen() {
    const { folder, uidValidity, uid } = /** @type {MessageAddress} */ (this.#address);
    return { folder, uidValidity, uids: [uid] };
  }
}

function givenElsewhere() {
  return new ApiError("receipt-given-elsewhere", "another browser has given a receipt for this message");
}
