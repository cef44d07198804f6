/**
 * The messages of one folder that a list shows. Messages that the person moved away or deleted are left out, also if a late
 * answer still has them.
 */

import { isSameMessage } from "../app/routes.js";
import { readUidSet } from "./list_source.js";
import { addListed, asDraftRow, fromServer, hasFlag, setFlags } from "./listed_messages.js";

/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("./mail_changes.js").Chosen} Chosen */
/** @typedef {import("./mail_changes.js").ListChanges} ListChanges */
/** @typedef {import("./row_texts.js").ListedMessage} ListedMessage */

export class ShownMessages {
  #folder = "";
  #uidValidity = 0;
  /** @type {ListedMessage[]} */
  #messages = [];
  /** The UIDs of the messages that were moved away or deleted. @type {Set<number>} */
  #taken = new Set();
  /** @type {number | null} */
  #gap = null;
  /** Whether the person wrote the messages, so that rows show recipients. */
  isOutgoing = false;
  areDrafts = false;

  get folder() {
    return this.#folder;
  }

  /** The UIDVALIDITY under which the messages have their UIDs. */
  get uidValidity() {
    return this.#uidValidity;
  }

  get all() {
    return this.#messages;
  }

  /** The UID of the message that has taken the place of removed messages; null if there is none. */
  get gap() {
    return this.#gap;
  }

  /** The message of the server's list that arrived first. @returns {MessageAddress | undefined} */
  get cursor() {
    const uids = fromServer(this.#messages).map(({ uid }) => uid);
    return uids.length === 0 ? undefined : this.addressOf({ uid: uids.reduce((least, uid) => Math.min(least, uid)) });
  }

  /** Whether the UIDs of messages belong to the folder's present UIDVALIDITY. @param {{folder: string, uidValidity: number}} place */
  isOf({ folder, uidValidity }) {
    return folder === this.#folder && uidValidity === this.#uidValidity;
  }

  /** @param {{uid: number}} message @returns {MessageAddress} */
  addressOf({ uid }) {
    return { folder: this.#folder, uidValidity: this.#uidValidity, uid };
  }

  /** @param {MessageAddress} address */
  find(address) {
    return this.#messages.find((message) => isSameMessage(address, this.addressOf(message)));
  }

  /** Whether a message was moved away or deleted here. @param {MessageAddress} address */
  isTaken(address) {
    return this.isOf(address) && this.#taken.has(address.uid);
  }

  /** The flags of a message. @param {MessageAddress} address @returns {readonly string[]} */
  flagsOf(address) {
    return this.find(address)?.flags ?? [];
  }

  /** Whether all these messages have a flag. @param {number[]} uids @param {string} flag */
  allHave(uids, flag) {
    const uidSet = new Set(uids);
    return this.#messages.every((message) => !uidSet.has(message.uid) || hasFlag(message, flag));
  }

  /**
   * The messages of these rows. A folded thread counts with all of its messages.
   * @param {number[]} uids
   * @returns {Chosen}
   */
  chosen(uids) {
    const chosen = uids.flatMap((uid) => this.#messages.find((message) => message.uid === uid)?.thread ?? [uid]);
    return { folder: this.#folder, uidValidity: this.#uidValidity, uids: [...new Set(chosen)] };
  }

  /** Begins with a folder of which no message is known yet. @param {string} folder */
  begin(folder) {
    // A different folder may have the same UIDVALIDITY.
    if (folder !== this.#folder) this.#taken.clear();
    this.#folder = folder;
    this.#messages = [];
  }

  /** Notes that the messages have new UIDs. The old UIDs of removed messages are forgotten. @param {number} uidValidity */
  renumber(uidValidity) {
    this.#uidValidity = uidValidity;
    this.#taken.clear();
  }

  /** Shows the first page of a list. @param {ListedMessage[]} messages */
  replace(messages) {
    this.#messages = this.#admit(messages);
  }

  /**
   * Shows the list as it is now.
   * @param {ListedMessage[]} messages
   * @returns {ListedMessage[]} the messages that are new or have changed
   */
  update(messages) {
    const before = new Map(this.#messages.map((message) => [message.uid, JSON.stringify(message)]));
    this.#messages = this.#admit(messages);
    return this.#messages.filter((message) => before.get(message.uid) !== JSON.stringify(message));
  }

  /**
   * Shows the changes of the folder.
   * @param {ListChanges} changes
   * @param {{isByDate: boolean}} order
   * @returns {ListedMessage[]} the messages with changed flags
   */
  change({ flags, vanished, messages }, { isByDate }) {
    const flagsOf = new Map(flags.map((flag) => [flag.uid, flag.flags]));
    const isGone = readUidSet(vanished);
    const remainder = this.#messages.filter(({ uid }) => !isGone(uid));
    const known = new Set(remainder.map(({ uid }) => uid));
    const changed = remainder.filter(({ uid }) => flagsOf.has(uid));
    for (const message of changed) setFlags(message, flagsOf.get(message.uid) ?? []);
    const fresh = this.#admit(messages).filter(({ uid }) => !known.has(uid));
    this.#messages = addListed(remainder, fresh, { isByDate });
    return changed;
  }

  /** The messages of a further page that are not shown yet. @param {ListedMessage[]} messages */
  unknown(messages) {
    const shown = new Set(this.#messages.map(({ uid }) => uid));
    return this.#admit(messages).filter(({ uid }) => !shown.has(uid));
  }

  /**
   * Adds messages below the shown messages.
   * @param {ListedMessage[]} messages
   * @returns {ListedMessage[]} the messages that were not removed meanwhile
   */
  append(messages) {
    const added = this.#admit(messages);
    this.#messages.push(...added);
    return added;
  }

  /**
   * Takes messages out.
   * @param {Chosen} chosen
   * @returns {() => void} puts them back at their places, if their folder is still shown
   */
  take(chosen) {
    const gone = new Set(chosen.uids);
    const places = this.#messages.flatMap((message, index) => (gone.has(message.uid) ? [{ message, index }] : []));
    for (const uid of chosen.uids) this.#taken.add(uid);
    const last = places.at(-1)?.index ?? -1;
    this.#gap = (this.#messages[last + 1] ?? this.#messages[(places[0]?.index ?? 0) - 1])?.uid ?? null;
    this.#messages = this.#admit(this.#messages);
    return () => {
      for (const uid of chosen.uids) this.#taken.delete(uid);
      if (!this.isOf(chosen)) return;
      const shown = new Set(this.#messages.map(({ uid }) => uid));
      for (const { message, index } of places) if (!shown.has(message.uid)) this.#messages.splice(index, 0, message);
    };
  }

  /** The messages of a thread that are unfolded below its newest one. @param {ListedMessage} newest */
  unfoldedOf({ uid: newest, thread = [] }) {
    return this.#messages.filter(({ uid, isInner }) => isInner && uid !== newest && thread.includes(uid));
  }

  /**
   * Shows further messages of a thread below its newest one.
   * @param {ListedMessage} newest
   * @param {(ListedMessage | null)[]} messages null for a message that is gone
   */
  unfold(newest, messages) {
    const isShown = (/** @type {ListedMessage} */ message) => this.find(this.addressOf(message)) !== undefined;
    const inner = messages.flatMap((message) => (message && !isShown(message) ? [{ ...message, isInner: true }] : []));
    this.#messages = this.#messages.toSpliced(this.#messages.indexOf(newest) + 1, 0, ...this.#admit(inner));
  }

  /** Hides unfolded messages. @param {ListedMessage[]} unfolded */
  fold(unfolded) {
    this.#messages = this.#messages.filter((message) => !unfolded.includes(message));
  }

  /** Removes the messages that the index has found. */
  forgetFound() {
    this.#messages = this.#messages.filter(({ found }) => !found);
  }

  /** The messages of an answer that were not removed here, as rows of the folder. @param {ListedMessage[]} messages */
  #admit(messages) {
    const rows = this.areDrafts ? messages.map(asDraftRow) : messages;
    return this.#taken.size === 0 ? rows : rows.filter(({ uid }) => !this.#taken.has(uid));
  }
}
