/** The people of a row in a list of messages. The bridge parses them (`webbridge/gateway/summary.py`). */

import { addressKey, sameAddress } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */

/**
 * The claimed sender of a row. A sender that could not be read has only a name, as in the view of the message. An earlier
 * bridge gives only the text of the field, which is then shown as it is.
 * @param {{from: string, sender?: Mailbox | null}} message
 * @returns {Mailbox}
 */
export function senderOf({ from, sender }) {
  if (sender === null) return { name: from, address: "" };
  return sender ?? { name: "", address: from };
}

/**
 * Whether a row names this address as its sender. The text of an earlier bridge is an address, or ends with it in angle brackets.
 * @param {{from: string, sender?: Mailbox | null}} message @param {string} address
 */
export function namesSender({ from, sender }, address) {
  if (sender) return sameAddress(sender.address, address);
  const text = addressKey(from);
  return text === addressKey(address) || text.endsWith(` <${addressKey(address)}>`);
}
