/**
 * The text that the person wants below each message, such as a name and a telephone number. It proves nothing.
 *
 * Each account has its own. The browser keeps it on the person's own computer; elsewhere only this page does, until the
 * person signs out. With the account at a key server it follows the person to other devices.
 */

import { addressKey } from "../../wasm_build/ui/formats.js";
import { settle, textsForMerge } from "../../wasm_build/vault/roaming_settings.js";
import { keepChoice, keptChoices } from "./kept_choice.js";

/** @typedef {import("../../wasm_build/vault/roaming_settings.js").AllHeld} AllHeld */
/** @typedef {import("../../wasm_build/vault/roaming_settings.js").Named} Named */
/** @typedef {{text: string | null, held: AllHeld}} State `text` is null until one was chosen; it is empty if none is wanted */

export const MAX_CHARACTERS = 2_000;
const NAME = "sealwax-letter-signature";
/** The name of its entry in the account. */
const ENTRY = "setting:signature";
/** @type {State} */
const NONE = { text: null, held: {} };
/** The line between a message and its signature, with the blank at its end (RFC 3676 section 4.3). */
const DELIMITER = "-- ";

export class LetterSignature {
  #address;
  #isOwnComputer;
  /** By account. @type {Map<string, State>} */
  #here = new Map();

  /** @param {{address: () => string | null, isOwnComputer: () => boolean}} place */
  constructor({ address, isOwnComputer }) {
    this.#address = address;
    this.#isOwnComputer = isOwnComputer;
  }

  /** The signature; empty for none. */
  get text() {
    return this.#state.text ?? "";
  }

  /** @param {string} text */
  choose(text) {
    this.#keep({ ...this.#state, text: cleanSignature(text).slice(0, MAX_CHARACTERS) });
  }

  /**
   * Takes away what was kept while this computer counted as the person's own, if it no longer does.
   * @param {{isOwnComputer: boolean}} [answer] the person's, at a sign-in
   */
  begin(answer) {
    if (answer?.isOwnComputer === false) keepChoice(this.#name, null, false);
  }

  /** Forgets all signatures, at sign-out, but those that the person's own computer keeps. */
  forget() {
    this.#here.clear();
  }

  /** The signature as the account at a key server has it. @returns {Named} */
  forAccount() {
    return textsForMerge(this.#inEffect, this.#state.held, this.#inEffect, ["setting"]);
  }

  /** Takes the signature of another device. @param {Named} account */
  take({ setting: { signature } = {} }) {
    /** @type {Named} */
    const named = { setting: signature === undefined ? {} : { signature } };
    const { taken, held } = settle(named, this.#state.held, this.#inEffect, isKnown);
    const { text } = this.#state;
    const next = Object.hasOwn(taken, ENTRY) ? JSON.parse(taken[ENTRY]) : text;
    if (next !== text || JSON.stringify(held) !== JSON.stringify(this.#state.held)) this.#keep({ text: next, held });
  }

  /** @returns {Record<string, string>} */
  get #inEffect() {
    const { text } = this.#state;
    return text === null ? {} : { [ENTRY]: JSON.stringify(text) };
  }

  get #key() {
    return addressKey(this.#address() ?? "");
  }

  get #name() {
    return `${NAME} ${this.#key}`;
  }

  /** The state that another tab may have changed. @returns {State} */
  get #state() {
    const kept = this.#isOwnComputer() ? readState(keptChoices(this.#name)[0]) : null;
    return kept ?? this.#here.get(this.#key) ?? NONE;
  }

  /** @param {State} state */
  #keep(state) {
    if (!this.#key) return;
    this.#here.set(this.#key, state);
    if (this.#isOwnComputer()) keepChoice(this.#name, JSON.stringify(state), true);
  }
}

/**
 * A proposal for the writing view, with the signature below the text, or above a quotation. A quotation begins with line
 * breaks, so that the answer has room above it. A letter that is continued has the signature already, or the person has
 * deleted it.
 * @template {{text: string, draft?: unknown, outboxId?: string}} P
 * @param {P} proposal @param {string} signature @returns {P}
 */
export function withSignature(proposal, signature) {
  const { text, draft, outboxId } = proposal;
  if (!signature || draft || outboxId) return proposal;
  const below = `\n\n${DELIMITER}\n${signature}`;
  const isQuotation = text === "" || text.startsWith("\n");
  return { ...proposal, text: isQuotation ? `${below}${text}` : `${text.trimEnd()}${below}` };
}

/**
 * Where the person goes on to write: the end of the words above the signature, or of all words. Signatures of others may be
 * in a forwarded message.
 * @param {string} text @param {string} signature
 */
export function endOfWords(text, signature) {
  const at = signature ? text.indexOf(`\n${DELIMITER}\n${signature}`) : -1;
  return at < 0 ? text.length : text.slice(0, at).trimEnd().length;
}

/** The text without control characters, and without blanks and empty lines at its end. @param {string} text */
function cleanSignature(text) {
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").replace(/(?![\t\n])\p{Cc}/gu, "").trimEnd();
}

/** @param {string} _ @param {string} text */
function isKnown(_, text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "string" && value.length <= MAX_CHARACTERS && cleanSignature(value) === value;
  } catch {
    return false;
  }
}

/** @param {string | undefined} kept @returns {State | null} */
function readState(kept) {
  try {
    return kept === undefined ? null : JSON.parse(kept);
  } catch {
    return null;
  }
}
