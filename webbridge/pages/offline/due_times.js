/**
 * The times at which waiting letters are due, by the clock of this device. The clock may jump, and timers do not run while
 * a computer sleeps. So a letter is compared with the clock again and again, and not only once.
 */

/**
 * The wait of a letter: `undo` are the seconds in which the person may take the letter back, `later` is a time that the
 * person has chosen. `since` is when the wait began.
 * @typedef {{kind: "undo" | "later", since: number, until: number}} Wait
 */

/** The wait that the person wants. @typedef {{kind: "undo", seconds: number} | {kind: "later", until: number}} Delay */

/** The longest wait in which a letter can be taken back. */
const MAX_UNDO_MILLISECONDS = 60_000;
/** The latest time that a person may choose: in a year. */
const MAX_DAYS_LATER = 365;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;
const HOUR_MILLISECONDS = 60 * 60 * 1000;
/** The time between two looks at the clock while letters wait. */
const LOOK_MILLISECONDS = 30_000;

/** @param {Delay} delay @param {number} now @returns {Wait} */
export function beginWait(delay, now) {
  if (delay.kind === "undo") return { kind: "undo", since: now, until: now + delay.seconds * 1000 };
  return { kind: "later", since: Math.min(now, delay.until), until: delay.until };
}

/** Reads a stored wait. @param {unknown} value @returns {Wait | null} null if it is not a wait */
export function readWait(value) {
  if (typeof value !== "object" || value === null) return null;
  const { kind, since, until } = /** @type {Record<string, unknown>} */ (value);
  if (kind !== "undo" && kind !== "later") return null;
  if (!isTime(since) || !isTime(until) || until < since) return null;
  return until - since <= (kind === "undo" ? MAX_UNDO_MILLISECONDS : (MAX_DAYS_LATER + 1) * DAY_MILLISECONDS) ? { kind, since, until } : null;
}

/**
 * Whether a letter may be sent now.
 * @param {Wait | null} wait null for a letter that waits only for a connection
 * @param {number} now
 */
export function isDue(wait, now) {
  // If the clock was set back, a letter does not wait for hours because of a few seconds.
  return wait === null || now >= wait.until || (wait.kind === "undo" && now < wait.since - MAX_UNDO_MILLISECONDS);
}

/**
 * The milliseconds until the next look at the clock; null if no letter waits for its time.
 * @param {(Wait | null)[]} waits @param {number} now
 */
export function nextLook(waits, now) {
  const left = waits.filter((wait) => wait !== null).filter((wait) => !isDue(wait, now)).map(({ until }) => until - now);
  return left.length > 0 ? Math.min(LOOK_MILLISECONDS, ...left) : null;
}

/** The seconds that are left, at least 1. @param {Wait} wait @param {number} now */
export function secondsLeft({ since, until }, now) {
  const most = (until - since) / 1000;
  return Math.max(1, Math.min(Math.ceil((until - now) / 1000), Math.ceil(most)));
}

/** The times that are offered for sending later. @param {number} now @returns {{hour: number, tomorrow: number}} */
export function offeredTimes(now) {
  const tomorrow = new Date(now);
  tomorrow.setDate(tomorrow.getDate() + 1);
  tomorrow.setHours(8, 0, 0, 0);
  return { hour: now + HOUR_MILLISECONDS, tomorrow: tomorrow.getTime() };
}

/**
 * The problem with a chosen time; "" if the letter may wait until then.
 * @param {number} until which is NaN for a text that is not a time
 * @param {number} now
 * @returns {"" | "unclear" | "past" | "far"}
 */
export function problemOfTime(until, now) {
  if (!Number.isFinite(until)) return "unclear";
  if (until <= now) return "past";
  return until - now > MAX_DAYS_LATER * DAY_MILLISECONDS ? "far" : "";
}

/** @param {unknown} value @returns {value is number} */
function isTime(value) {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= 8_640_000_000_000_000;
}
