/**
 * The posting of a letter as parcels. There is one parcel for the people in To and Cc, and one for each person in Bcc, because a
 * parcel names its recipients. All parcels are uploaded before anybody is notified. Then the people with certificates get their
 * mail. Finally the bridge notifies the recipients of the parcels.
 */

import { parcelFiles } from "./letter_files.js";
import { ParcelSending } from "./parcel_sending.js";

/** @typedef {import("./letter_host.js").LetterHost} LetterHost */
/** @typedef {import("../ui/parcel_secret.js").SentSecret} SentSecret */
/** @typedef {{language: string, days: number, route: import("../ui/parcel_secret.js").Route}} Choice */
/** @typedef {{people: string[], sending: ParcelSending}} Post */
/**
 * @typedef {{
 *   signal: AbortSignal, onProgress: (done: number, total: number) => void, onLost: (isLost: boolean) => void, onUploaded: () => void,
 * }} Options
 */

/** The languages that have a list of words. A parcel in another language has English words, as `smime_core.parcels` makes them. */
const WORD_LANGUAGES = new Set(["en", "es", "fr"]);

/** @template Outcome the outcome of the mail to the people with certificates */
export class ParcelPost {
  #host;
  #letter;
  #choice;
  /** @type {Post[] | null} */
  #posts = null;
  #isSendingPrepared = false;
  #areOthersSent = false;
  /** @type {Outcome | null} */
  outcome = null;

  /** @param {LetterHost} host @param {import("./letter_host.js").ParcelLetter<Outcome>} letter @param {Choice} choice */
  constructor(host, letter, choice) {
    this.#host = host;
    this.#letter = letter;
    this.#choice = choice;
  }

  /** Sends everything. A call after an error goes on where the last call stopped. @param {Options} options */
  async send({ signal, onProgress, onLost, onUploaded }) {
    this.#posts ??= await this.#prepare();
    const total = this.#posts.reduce((sum, { sending }) => sum + sending.bytes, 0);
    let before = 0;
    for (const { sending } of this.#posts) {
      const start = before;
      await sending.upload({ signal, onLost, onProgress: (bytes) => onProgress(start + bytes, total) });
      before += sending.bytes;
    }
    onProgress(total, total);
    onUploaded();
    if (!this.#isSendingPrepared) await this.#letter.prepareSending();
    this.#isSendingPrepared = true;
    if (this.#letter.others.length > 0 && !this.#areOthersSent) this.outcome = await this.#letter.sendOthers();
    this.#areOthersSent = true;
    for (const { sending } of this.#posts) await sending.submit({ signal, onLost });
  }

  /** Gives up, and has the bridge delete the parcels. A submitted parcel is withdrawn, because nobody has its words. */
  async discard() {
    await Promise.all((this.#posts ?? []).map(({ sending }) => sending.discard()));
  }

  /** The words of the parcels that were sent, in clear. @returns {SentSecret[]} */
  secrets() {
    const { language } = this.#choice;
    return (this.#posts ?? []).flatMap(({ people, sending }) => {
      const { submitted } = sending;
      if (!submitted) return [];
      const { reference, expires } = submitted;
      return [{ ...sending.secret(this.#host.pages), people, language: wordLanguage(language), reference, expires }];
    });
  }

  /** Overwrites the words and the keys. */
  forget() {
    for (const { sending } of this.#posts ?? []) sending.forget();
  }

  /** @returns {Promise<Post[]>} */
  async #prepare() {
    const { open, hidden, files, sign, from } = this.#letter;
    const message = await this.#letter.compose();
    const { translate, vault, keys, uploads, limits: { wholeBytes } } = this.#host;
    const content = parcelFiles(message, files, translate("unnamed_file"));
    const { language, days } = this.#choice;
    const groups = [...(open.length > 0 ? [open] : []), ...hidden.map((person) => [person])];
    return groups.map((group) => {
      const people = [...new Set(group.map(({ address }) => address))];
      const letter = {
        from, to: people.map((address) => ({ address, language })), files: content,
        certificates: [], sign, language: wordLanguage(language), days,
      };
      return { people, sending: new ParcelSending(letter, { vault, keys, uploads, wholeBytes }) };
    });
  }
}

/** @param {string} language */
function wordLanguage(language) {
  return WORD_LANGUAGES.has(language) ? language : "en";
}
