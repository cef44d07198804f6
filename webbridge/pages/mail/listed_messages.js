/** Functions on the messages of a list: their flags, their order, and the rows of drafts. */

import { draftIdOf } from "../../../wasm_build/ui/draft_message.js";
import { timeOf } from "./mail_index.js";
import { OBSCURED_SUBJECT } from "./row_texts.js";

/** @typedef {import("./row_texts.js").ListedMessage} ListedMessage */

/**
 * Whether a message has a flag. Letter case is ignored, because it differs between servers.
 * @param {ListedMessage} message
 * @param {string} flag
 */
export function hasFlag({ flags = [], seen }, flag) {
  return flag === "\\Seen" ? seen : flags.some((listedFlag) => listedFlag.toLowerCase() === flag.toLowerCase());
}

/** @param {ListedMessage} message @param {string[]} flags */
export function setFlags(message, flags) {
  message.flags = [...new Set(flags)];
  message.seen = message.flags.some((flag) => flag.toLowerCase() === "\\seen");
}

/**
 * Adds messages at their places. The other messages keep their order.
 * @param {ListedMessage[]} messages
 * @param {ListedMessage[]} fresh
 * @param {{isByDate: boolean}} order
 */
export function addListed(messages, fresh, { isByDate }) {
  const added = [...messages];
  for (const message of fresh) {
    const rank = rankOf(message, isByDate);
    const at = added.findIndex((other) => !other.isInner && rankOf(other, isByDate) < rank);
    added.splice(at < 0 ? added.length : at, 0, message);
  }
  return added;
}

/** @param {ListedMessage} message @param {boolean} isByDate */
function rankOf(message, isByDate) {
  return isByDate ? timeOf(message) : message.uid;
}

/**
 * The messages that are in the list because the server listed them. Messages of an unfolded thread, and messages that the
 * index has found, do not count.
 * @param {ListedMessage[]} messages
 */
export function fromServer(messages) {
  return messages.filter(({ isInner, found }) => !isInner && !found);
}

/** The row of a message in the folder for drafts. @param {ListedMessage} message @returns {ListedMessage} */
export function asDraftRow(message) {
  if (!draftIdOf(message.subject ?? "")) return message;
  return { ...message, protection: "sealed", subject: OBSCURED_SUBJECT, isDraft: true };
}
