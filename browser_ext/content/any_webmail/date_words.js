/**
 * The words of dates in many languages, taken from the browser: months and days beside a number, spans of time ("3 h",
 * "vor 2 Std."), and days without a number ("Fri").
 */
import { topElementOf } from "../dom_tree.js";

const LANGUAGES = ["en", "de", "fr", "es", "ar", "it", "nl", "pt", "pl", "ru", "cs", "sv", "tr", "ja", "zh"];
const UNITS = /** @type {const} */ (["second", "minute", "hour", "day", "week", "month", "year"]);
const WIDTHS = /** @type {const} */ (["long", "short", "narrow"]);
/** The numbers with which the words are made. There are several, because some languages have several plural forms. */
const COUNTS = [1, 2, 3, 5, 11];
const MONTHS = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2026, month, 15)));
const DAYS = Array.from({ length: 7 }, (_, day) => new Date(Date.UTC(2026, 5, 1 + day)));

/** Patterns for dates. A text names a date if one of `parts` matches a part of it, or one of `wholes` matches all of it. */
export function datePatterns() {
  const languages = knownLanguages();
  return { parts: [...monthDays(languages), ...relativeDates(languages)], wholes: [...weekdays(languages), ...spans(languages)] };
}

/** The languages that are always known, and the languages of the person and of the page. */
function knownLanguages() {
  const own = [...navigator.languages, topElementOf(document)?.lang ?? ""].filter((language) => {
    try {
      return language !== "" && Intl.DateTimeFormat.supportedLocalesOf([language]).length > 0;
    } catch {
      return false;
    }
  });
  return [...new Set([...LANGUAGES, ...own])];
}

/** @param {string[]} languages @returns {string[]} the names of months beside a number, as in "20 Nov" and "Nov 20" */
function monthDays(languages) {
  const names = namesIn(languages, MONTHS, "month", (month) => ({ month, day: "numeric", timeZone: "UTC" }));
  return [String.raw`(?:${names})\.?,?\s*\p{Nd}`, String.raw`\p{Nd}\.?\s*(?:(?:de\s|of\s|-)\s*)?(?:${names})(?!\p{L})`];
}

/** @param {string[]} languages @returns {string[]} the names of days, alone or beside a number: "Fri", "Fri 20" */
function weekdays(languages) {
  const names = namesIn(languages, DAYS, "weekday", (weekday) => ({ weekday, timeZone: "UTC" }));
  return [String.raw`(?:${names})\.?,?(?:\s*\p{Nd}{1,2}\.?)?`, String.raw`\p{Nd}{1,2}\.?\s*(?:${names})\.?`];
}

/**
 * @param {string[]} languages @param {Date[]} dates @param {"month" | "weekday"} part
 * @param {(width: "long" | "short") => Intl.DateTimeFormatOptions} formatOf @returns {string} a pattern
 */
function namesIn(languages, dates, part, formatOf) {
  const names = languages.flatMap((language) => /** @type {const} */ (["long", "short"]).flatMap((width) => {
    const format = new Intl.DateTimeFormat(language, formatOf(width));
    return dates.flatMap((date) => format.formatToParts(date).filter(({ type }) => type === part).map(({ value }) => value));
  }));
  return [...new Set(names.filter((name) => /\p{L}{2}/u.test(name)).map((name) => escapeText(name.replace(/\.$/u, ""))))].join("|");
}

/** @param {string[]} languages @returns {string[]} the words for today, yesterday, and a number of minutes or days ago */
function relativeDates(languages) {
  const texts = languages.flatMap((language) => {
    const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    const days = [0, -1, -2].map((day) => near.format(day, "day"));
    const ago = WIDTHS.flatMap((style) => {
      const far = new Intl.RelativeTimeFormat(language, { style });
      return UNITS.flatMap((unit) => COUNTS.map((count) => far.format(-count, unit)));
    });
    return [...days, ...ago];
  });
  return [String.raw`(?<![\p{L}\p{Nd}])(?:${withNumbers(texts)})(?!\p{L})`];
}

/** @param {string[]} languages @returns {string[]} spans of time: "3 h", "3h", "2 days" */
function spans(languages) {
  const texts = languages.flatMap((language) => WIDTHS.flatMap((unitDisplay) => UNITS.flatMap((unit) => {
    const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay });
    return COUNTS.map((count) => format.format(count));
  })));
  return [withNumbers(texts.filter((text) => /\p{Nd}/u.test(text)))];
}

/** @param {string[]} texts with numbers @returns {string} a pattern for the same texts with any numbers */
function withNumbers(texts) {
  const patterns = texts.map((text) => text.split(/\p{Nd}+(?:[.,]\p{Nd}+)*/u).map((part) => escapeText(part.trim())).join(String.raw`\s*\p{Nd}+\s*`));
  return [...new Set(patterns.map((pattern) => pattern.replace(/\s+/gu, String.raw`\s+`)))].filter(Boolean).join("|");
}

/** @param {string} text @returns {string} a pattern that matches only this text */
function escapeText(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
