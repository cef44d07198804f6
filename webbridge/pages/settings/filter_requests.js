/**
 * The filters of the account on its mail server: rules, and the vacation reply. The bridge checks every change.
 *
 * A list that cannot be read completely is an error, because saving it would lose the rest.
 */

import { ApiError, JSON_TYPE } from "../../../wasm_build/vault/server/json_requests.js";
import { countOf, entriesOf, idOf, membersOf, textOf, wordOf } from "../../../wasm_build/vault/server/answer_values.js";

/** @typedef {{field: "from" | "to" | "subject", match: "contains" | "is", text: string}} TextCondition */
/** @typedef {{field: "size", match: "over" | "under", kilobytes: number}} SizeCondition */
/** @typedef {TextCondition | SizeCondition} Condition */
/**
 * @typedef {{
 *   name: string, on: boolean, all: boolean, conditions: Condition[], moveTo: string | null, copyTo: string | null,
 *   read: boolean, flagged: boolean, stop: boolean,
 * }} Rule `moveTo` and `copyTo` are ids of folders
 */
/**
 * @typedef {{
 *   on: boolean, subject: string, text: string, days: number, first: string | null, last: string | null, addresses: string[],
 * }} Vacation
 */
/** @typedef {{move: boolean, copy: boolean, marks: boolean, vacation: boolean, dates: boolean, include: boolean}} FilterOffers */
/** @typedef {{rules: Rule[], vacation: Vacation | null, include: string | null}} Filters */
/**
 * @typedef {Filters & {
 *   version: string, active: boolean, changed: boolean, other: string | null, offers: FilterOffers,
 * }} KeptFilters `changed`: another program changed the script. `other`: the script of another program that filters instead
 */
/** @typedef {(path: string, options?: import("../../../wasm_build/vault/server/json_requests.js").RequestOptions) => Promise<any>} Json */

/** The limits of the bridge (`webbridge/filters/members.py`). */
export const MAX_RULES = 100;
export const MAX_CONDITIONS = 20;
export const MAX_TEXT_CHARACTERS = 200;
export const MAX_VACATION_CHARACTERS = 4_000;
export const MAX_DAYS = 30;
const MAX_ADDRESSES = 20;
const MAX_KILOBYTES = 1_048_576;
const MAX_ID_CHARACTERS = 10_000;
const FIELDS = /** @type {const} */ (["from", "to", "subject"]);

export class FilterRequests {
  /** Whether a mail server of the bridge takes filters. */
  isOffered = false;
  #json;

  /** @param {Json} json sends a request and reads the answer */
  constructor(json) {
    this.#json = json;
  }

  /** Rejects with `not-offered` if the account's mail server takes no filters. @returns {Promise<KeptFilters>} */
  async load() {
    return readFilters(await this.#json("/api/filters"));
  }

  /**
   * Saves filters in place of those with this version.
   * @param {Filters & {version: string}} filters
   * @param {{replace?: boolean}} [options] `replace`: also in place of those that another program made or changed; without it
   *   such a change rejects with `filters-of-others`
   * @returns {Promise<KeptFilters>} rejects with `filters-changed` if they have another version by now
   */
  async save({ rules, vacation, include, version }, { replace = false } = {}) {
    const body = JSON.stringify({ rules, vacation, include, version, replace });
    return readFilters(await this.#json("/api/filters", { method: "PUT", body, headers: JSON_TYPE }));
  }
}

/** @param {unknown} answer @returns {KeptFilters} throws `server-error` if a part cannot be read */
export function readFilters(answer) {
  const { version, active, changed, other, offers, rules, vacation, include } = membersOf(answer);
  return {
    version: whole(typeof version === "string" && version.length <= MAX_TEXT_CHARACTERS ? version : null),
    active: active === true, changed: changed === true, other: nameOf(other), include: nameOf(include), offers: readOffers(offers),
    rules: list(rules, MAX_RULES, readRule), vacation: vacation === null ? null : readVacation(vacation),
  };
}

/** @param {unknown} value @returns {FilterOffers} */
function readOffers(value) {
  const { move, copy, marks, vacation, dates, include } = membersOf(value);
  return {
    move: move === true, copy: copy === true, marks: marks === true, vacation: vacation === true, dates: dates === true,
    include: include === true,
  };
}

/** @param {unknown} value @returns {Rule} */
function readRule(value) {
  const { name, on, all, conditions, moveTo, copyTo, read, flagged, stop } = membersOf(value);
  return {
    name: line(name), on: on === true, all: all !== false, conditions: list(conditions, MAX_CONDITIONS, readCondition),
    moveTo: folderOf(moveTo), copyTo: folderOf(copyTo), read: read === true, flagged: flagged === true, stop: stop === true,
  };
}

/** @param {unknown} value @returns {Condition} */
function readCondition(value) {
  const { field, match, text, kilobytes } = membersOf(value);
  if (field === "size") {
    const bound = whole(wordOf(match, /** @type {const} */ (["over", "under"])));
    return { field, match: bound, kilobytes: whole(countOf(kilobytes, MAX_KILOBYTES)) };
  }
  const comparison = whole(wordOf(match, /** @type {const} */ (["contains", "is"])));
  return { field: whole(wordOf(field, FIELDS)), match: comparison, text: whole(line(text) || null) };
}

/** @param {unknown} value @returns {Vacation} */
function readVacation(value) {
  const { on, subject, text, days, first, last, addresses } = membersOf(value);
  return {
    on: on === true, subject: line(subject), text: whole(idOf(text, MAX_VACATION_CHARACTERS) || null),
    days: whole(countOf(days, MAX_DAYS) || null), first: dayOf(first), last: dayOf(last),
    addresses: list(addresses, MAX_ADDRESSES, (address) => whole(idOf(address, MAX_TEXT_CHARACTERS) || null)),
  };
}

/** @template T @param {T | null} value @returns {T} */
function whole(value) {
  if (value === null) throw unreadable();
  return value;
}

function unreadable() {
  return new ApiError("server-error", "the answer is no list of filters");
}

/** @template T @param {unknown} values @param {number} most @param {(value: unknown) => T} read @returns {T[]} */
function list(values, most, read) {
  if (!Array.isArray(values) || values.length > most) throw unreadable();
  return entriesOf(values, most).map(read);
}

/** A text of one line, which may be empty. @param {unknown} value */
function line(value) {
  return whole(value === "" ? "" : idOf(value, MAX_TEXT_CHARACTERS) || null);
}

/** @param {unknown} value @returns {string | null} */
function folderOf(value) {
  return value === null ? null : whole(idOf(value, MAX_ID_CHARACTERS) || null);
}

/** The name of a script; null without one. @param {unknown} value */
function nameOf(value) {
  return textOf(value, MAX_TEXT_CHARACTERS) || null;
}

/** @param {unknown} value @returns {string | null} */
function dayOf(value) {
  return value === null ? null : whole(typeof value === "string" && /^\d{4}-\d\d-\d\d$/u.test(value) ? value : null);
}
