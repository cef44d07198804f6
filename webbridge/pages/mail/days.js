/** The days by which a list groups its messages: today, yesterday, a weekday, or a date in the person's locale. */

import { dayHeading } from "../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

const DAY_MILLISECONDS = 86_400_000;
const DAYS_WITH_NAMES = 7;

/**
 * A function that gives the day of a message, with its title.
 * @param {Catalogue} translate
 * @param {() => Date} now
 */
export function createDays(translate, now = () => new Date()) {
  /** The titles that were made already, because a formatter takes long for thousands of rows. @type {Map<string, string>} */
  const titles = new Map();
  let today = "";
  /**
   * @param {{date: string | null}} message
   * @param {string | null} before the key of the day in the heading above. Only an earlier day begins a new heading.
   *   Otherwise a list in the order of arrival could have two headings for one day.
   */
  return ({ date }, before) => {
    const at = date ? new Date(date) : null;
    if (!at || Number.isNaN(at.getTime())) return null;
    const key = keyOf(at);
    if (before !== null && key > before) return null;
    if (keyOf(now()) !== today) {
      today = keyOf(now());
      titles.clear();
    }
    const title = titles.get(key) ?? titleOf(at, now(), translate);
    titles.set(key, title);
    return { key, title };
  };
}

/** The day of a date in the time zone of the browser; null without a readable date. @param {string | null} iso */
export function dayKey(iso) {
  const at = iso ? new Date(iso) : null;
  return at && !Number.isNaN(at.getTime()) ? keyOf(at) : null;
}

/** The day in the time zone of the browser, as a text that sorts by time. @param {Date} date */
function keyOf(date) {
  const digits = (/** @type {number} */ number, /** @type {number} */ length) => String(number).padStart(length, "0");
  return `${digits(Math.max(0, date.getFullYear()), 6)}-${digits(date.getMonth() + 1, 2)}-${digits(date.getDate(), 2)}`;
}

/** @param {Date} date @param {Date} now @param {Catalogue} translate */
function titleOf(date, now, translate) {
  const midnight = (/** @type {Date} */ day) => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  // A day on which the clocks change has 23 or 25 hours.
  const days = Math.round((midnight(now) - midnight(date)) / DAY_MILLISECONDS);
  if (days === 0) return translate("day_today");
  if (days === 1) return translate("day_yesterday");
  return dayHeading(date, { isRecent: days > 1 && days < DAYS_WITH_NAMES, isThisYear: date.getFullYear() === now.getFullYear() });
}
