/**
 * The person's address book: names of people, groups, and the text below messages. It is kept encrypted with contacts and
 * decisions, and roams with them (docs/roaming_protocol.md, "The address book" and "Settings").
 *
 * Each entry has the time of its last change, so that two tabs or devices can be joined. Removed entries stay for a while,
 * marked as removed, so that an old copy does not bring them back. A text that this program cannot read is kept and not
 * shown.
 */

import { addressKey, isAddress } from "../../../wasm_build/ui/formats.js";
import { readSignature } from "../writing/letter_signature.js";

/** @typedef {{at: number, value: string | null}} Entry `value` is null for a removed entry; `at` is in milliseconds */
/** @typedef {{name: string, members: string[]}} Group `members` are addresses */
/** @typedef {import("../../../wasm_build/ui/formats.js").Mailbox} Mailbox */

const VERSION = "sealwax-book-1";
const PERSON = "person";
const GROUP = "group";
const SETTING = "setting";
/** The name of the only setting here that roams, the text below messages. */
const SIGNATURE = "signature";
/** The limits of the protocol. */
export const MAX_GROUPS = 100;
export const MAX_MEMBERS = 100;
const MAX_NAME_CHARACTERS = 100;
const MAX_REMOVED = 1_000;

/** Dispatches "change" when the person has changed something. */
export class AddressBook extends EventTarget {
  /** The entries by key: the kind, a colon, and the address or name. @type {Map<string, Entry>} */
  #entries = new Map();

  /** The groups, by name. @returns {Group[]} */
  get groups() {
    return this.#live(GROUP).flatMap(([name, value]) => readGroup(name, value) ?? []).sort(byName);
  }

  /** The groups with the names of their members, for a line of recipients. */
  get namedGroups() {
    return this.groups.map(({ name, members }) => ({ name, people: members.map((address) => ({ name: this.nameOf(address), address })) }));
  }

  /** The people with a name, and the people who were added without a name. @returns {Mailbox[]} */
  get people() {
    return this.#live(PERSON).flatMap(([key, value]) => readPerson(key, value) ?? []);
  }

  get isEmpty() {
    return this.#entries.size === 0;
  }

  /**
   * The texts of another kind, which the pages keep on this device only.
   * @param {string} kind @returns {[string, string][]} by name
   */
  textsOf(kind) {
    return this.#live(kind);
  }

  /** @param {string} kind @param {string} name @returns {string | null} */
  textOf(kind, name) {
    return this.#entries.get(`${kind}:${name}`)?.value ?? null;
  }

  /**
   * Keeps texts of another kind; null removes a text. Of too many the latest stay.
   * @param {string} kind @param {[string, string | null][]} texts @param {{most: number}} options
   */
  keepTexts(kind, texts, { most }) {
    this.#change(texts.map(([name, text]) => [`${kind}:${name}`, text]));
    const kept = [...this.#entries].filter(([name]) => split(name)[0] === kind).sort(([, one], [, other]) => other.at - one.at);
    for (const [name] of kept.slice(most)) this.#entries.delete(name);
  }

  /** The name that the person has given to an address; empty without a name. @param {string} address */
  nameOf(address) {
    const key = addressKey(address);
    const { value } = this.#entries.get(`${PERSON}:${key}`) ?? {};
    return (value && readPerson(key, value)?.name) || "";
  }

  /** The text below messages; empty for none. */
  get signature() {
    const { value } = this.#entries.get(`${SETTING}:${SIGNATURE}`) ?? {};
    return (value && readSignature(value)) || "";
  }

  /** @param {string} text from `cleanSignature` */
  keepSignature(text) {
    this.#change([[`${SETTING}:${SIGNATURE}`, JSON.stringify(text)]]);
  }

  /** The group with this name, in capital or small letters. @param {string} name */
  findGroup(name) {
    const key = groupName(name).toLocaleLowerCase();
    return this.groups.find((group) => group.name.toLocaleLowerCase() === key) ?? null;
  }

  /** Keeps a person, also without a certificate. @param {Mailbox} person */
  keepPerson({ name, address }) {
    const text = JSON.stringify({ address, name: groupName(name).slice(0, MAX_NAME_CHARACTERS) });
    this.#change([[`${PERSON}:${addressKey(address)}`, text]]);
  }

  /** Removes the names of people, and takes them out of all groups. @param {string[]} addresses */
  removePeople(addresses) {
    const keys = new Set(addresses.map(addressKey));
    const known = [...keys].map((key) => `${PERSON}:${key}`).filter((name) => this.#entries.get(name)?.value);
    const changed = this.groups.filter(({ members }) => members.some((member) => keys.has(addressKey(member))));
    this.#change([
      ...known.map((name) => /** @type {[string, null]} */ ([name, null])),
      ...changed.map(({ name, members }) => /** @type {[string, string]} */ (
        [`${GROUP}:${name}`, groupText(members.filter((member) => !keys.has(addressKey(member))))])),
    ]);
  }

  /** Keeps a group in place of its earlier version. @param {Group} group @param {string} [before] its name until now */
  keepGroup({ name, members }, before) {
    const gone = before !== undefined && before !== name;
    this.#change([...(gone ? [/** @type {[string, null]} */ ([`${GROUP}:${before}`, null])] : []), [`${GROUP}:${name}`, groupText(members)]]);
  }

  /** @param {string} name */
  removeGroup(name) {
    this.#change([[`${GROUP}:${name}`, null]]);
  }

  /** The book as the vault keeps it; null for an empty one. @returns {ArrayBuffer | null} */
  bytes() {
    if (this.isEmpty) return null;
    const entries = [...this.#entries].map(([name, { at, value }]) => ({ name, at, value }));
    return new TextEncoder().encode(JSON.stringify({ version: VERSION, entries })).buffer;
  }

  /** Joins a kept book with this book. The later version of an entry stays. @param {ArrayBuffer} book which the vault has checked */
  join(book) {
    /** @type {{entries: ({name: string} & Entry)[]}} */
    const { entries } = JSON.parse(new TextDecoder().decode(book));
    for (const { name, at, value } of entries) {
      const own = this.#entries.get(name);
      if (!own || isNewer({ at, value }, own)) this.#entries.set(name, { at, value });
    }
  }

  /** The texts for a merge with the account; null for a removed entry. Settings are never removed, but may be empty. */
  texts() {
    /** @type {Record<string, Record<string, string | null>>} */
    const named = { [PERSON]: {}, [GROUP]: {}, [SETTING]: {} };
    for (const [name, { value }] of this.#entries) {
      const [kind, rest] = split(name);
      if (Object.hasOwn(named, kind)) named[kind][rest] = value;
    }
    return named;
  }

  /**
   * Adopts the entries of the account after a merge. An entry that the account lacks was removed on another device.
   * @param {Record<string, Record<string, string>>} account @returns {boolean} whether something has changed
   */
  take(account) {
    /** @type {[string, string | null][]} */
    const changes = [];
    for (const kind of [PERSON, GROUP]) {
      const texts = account[kind] ?? {};
      for (const [rest, text] of Object.entries(texts)) changes.push([`${kind}:${rest}`, text]);
      for (const [rest] of this.#live(kind)) if (!Object.hasOwn(texts, rest)) changes.push([`${kind}:${rest}`, null]);
    }
    const signature = account[SETTING]?.[SIGNATURE];
    if (signature !== undefined) changes.push([`${SETTING}:${SIGNATURE}`, signature]);
    return this.#set(changes);
  }

  /** Forgets all entries, at sign-out. */
  forget() {
    this.#entries.clear();
  }

  /** @param {[string, string | null][]} changes */
  #change(changes) {
    if (this.#set(changes)) this.dispatchEvent(new Event("change"));
  }

  /** @param {[string, string | null][]} changes */
  #set(changes) {
    const real = changes.filter(([name, value]) => (this.#entries.get(name)?.value ?? null) !== value);
    // A change is later than the changed entry, also after the clock was put back.
    for (const [name, value] of real) this.#entries.set(name, { at: Math.max(Date.now(), (this.#entries.get(name)?.at ?? 0) + 1), value });
    const removed = [...this.#entries].filter(([, { value }]) => value === null).sort(([, one], [, other]) => other.at - one.at);
    for (const [name] of removed.slice(MAX_REMOVED)) this.#entries.delete(name);
    return real.length > 0;
  }

  /** The entries of a kind that are in use. @param {string} entryKind @returns {[string, string][]} by address or name */
  #live(entryKind) {
    return [...this.#entries].flatMap(([name, { value }]) => {
      const [kind, rest] = split(name);
      return kind === entryKind && value !== null ? [/** @type {[string, string]} */ ([rest, value])] : [];
    });
  }
}

/** A group's name as it is kept: in NFC, without blanks around it. @param {string} name */
export function groupName(name) {
  return name.normalize("NFC").replace(/\s+/gu, " ").trim();
}

/** Whether a group can have this name. A comma ends an address, and a name with @ looks like one. @param {string} name */
export function isGroupName(name) {
  return name.length > 0 && name.length <= MAX_NAME_CHARACTERS && !/[@,;<>"\p{C}]/u.test(name) && name === groupName(name);
}

/** @param {string[]} members */
function groupText(members) {
  return JSON.stringify({ members });
}

/** @param {string} name @param {string} value @returns {Group | null} null if this program cannot read it */
function readGroup(name, value) {
  const { members } = readObject(value);
  const isList = Array.isArray(members) && members.length <= MAX_MEMBERS;
  if (!isGroupName(name) || !isList || !members.every((member) => typeof member === "string" && isAddress(member))) return null;
  return { name, members };
}

/** @param {string} key @param {string} value @returns {Mailbox | null} null if this program cannot read it */
function readPerson(key, value) {
  const { address, name } = readObject(value);
  const isPerson = typeof address === "string" && typeof name === "string" && name.length <= MAX_NAME_CHARACTERS
    && isAddress(address) && addressKey(address) === key && !/\p{Cc}/u.test(name);
  return isPerson ? { address, name } : null;
}

/** @param {string} text @returns {Record<string, unknown>} */
function readObject(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** @param {string} name @returns {[string, string]} the kind of an entry, and the rest of its name */
function split(name) {
  const colon = name.indexOf(":");
  return [name.slice(0, colon), name.slice(colon + 1)];
}

/**
 * Whether the first entry stays when two entries are joined. The later entry stays. If the times are equal, a removal
 * stays, and otherwise the text that sorts last.
 * @param {Entry} one
 * @param {Entry} other
 */
function isNewer(one, other) {
  if (one.at !== other.at) return one.at > other.at;
  if (one.value === null || other.value === null) return one.value === null && other.value !== null;
  return one.value > other.value;
}

/** @param {Group} one @param {Group} other */
function byName(one, other) {
  return one.name.localeCompare(other.name);
}
