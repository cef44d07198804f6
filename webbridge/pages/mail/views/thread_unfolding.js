/** The unfolding of threads in a list. The other messages of a thread come below the newest one. */

import { ApiError } from "../../app/api.js";

/** @typedef {import("../row_texts.js").ListedMessage} ListedMessage */
/** @typedef {{api: import("../../app/api.js").BridgeApi}} ThreadUnfoldingServices */
/**
 * @typedef {{
 *   messages: import("../shown_messages.js").ShownMessages,
 *   rows: Pick<import("./message_rows.js").MessageRows, "arrange">, onFailure: (error: ApiError) => void,
 * }} UnfoldedList
 */

/** The number of messages of a thread that are shown below the newest one. */
const MAX_UNFOLDED = 50;

/**
 * Shows the other messages of a thread, or hides them.
 * @param {ThreadUnfoldingServices} services
 * @param {UnfoldedList} list
 * @param {ListedMessage} newest
 * @param {AbortSignal} signal aborted when the list is loaded anew
 */
export async function toggleThread(services, list, newest, signal) {
  const unfolded = list.messages.unfoldedOf(newest);
  if (unfolded.length === 0) return unfold(services, list, newest, signal);
  list.messages.fold(unfolded);
  list.rows.arrange([newest]);
}

/** @param {ThreadUnfoldingServices} services @param {UnfoldedList} list @param {ListedMessage} newest @param {AbortSignal} signal */
async function unfold({ api }, { messages, rows, onFailure }, newest, signal) {
  const others = new Set((newest.thread ?? []).filter((uid) => uid !== newest.uid));
  const uids = [...others].sort((one, other) => other - one).slice(0, MAX_UNFOLDED);
  try {
    const found = await Promise.all(uids.map((uid) => api.changes.row(messages.addressOf({ uid }), signal)));
    if (signal.aborted || !messages.all.includes(newest)) return;
    messages.unfold(newest, found);
    rows.arrange([newest]);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    onFailure(error);
  }
}
