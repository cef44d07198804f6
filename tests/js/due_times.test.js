/** The times at which waiting letters are due, and the reading of letters that are kept. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { beginWait, isDue, nextLook, offeredTimes, problemOfTime, readWait, secondsLeft } from "../../webbridge/pages/offline/due_times.js";
import { readLetter } from "../../webbridge/pages/offline/letter_rows.js";

const NOW = Date.UTC(2026, 10, 30, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UNDO = beginWait({ kind: "undo", seconds: 5 }, NOW);
const LATER = beginWait({ kind: "later", until: NOW + DAY }, NOW);

const COPY = { message: "AAEC", recipients: ["bob@example.test"], key: "key", wish: null, tried: 0, isSent: false };
const WORDS = { to: ["bob@example.test", { name: "", address: "eve@example.test" }], subject: "s", text: "t", files: [] };
const LETTER = { id: "one", turn: 1, state: "waiting", problem: "", copies: [COPY], words: WORDS, isPart: false, wait: UNDO };

test("a letter is due at its time, and not before", () => {
  assert.deepEqual([NOW, NOW + 4_999, NOW + 5_000, NOW + DAY].map((now) => isDue(UNDO, now)), [false, false, true, true]);
  assert.deepEqual([NOW, NOW + DAY - 1, NOW + DAY].map((now) => isDue(LATER, now)), [false, false, true]);
  assert.equal(isDue(null, NOW), true);
});

test("a clock that was set back holds no letter for hours because of seconds", () => {
  assert.equal(isDue(UNDO, NOW - 2_000), false);
  assert.equal(isDue(UNDO, NOW - 2 * HOUR), true);
  assert.equal(isDue(LATER, NOW - 2 * HOUR), false);
});

test("the clock is looked at when the next letter is due, and at least every half minute", () => {
  assert.equal(nextLook([UNDO, LATER, null], NOW + 2_000), 3_000);
  assert.equal(nextLook([LATER], NOW), 30_000);
  assert.equal(nextLook([UNDO, null], NOW + 5_000), null);
  assert.equal(nextLook([], NOW), null);
});

test("the seconds that are shown are between one and the chosen number, whatever the clock says", () => {
  assert.deepEqual([-9_000, 0, 1, 4_001, 9_000].map((past) => secondsLeft(UNDO, NOW + past)), [5, 5, 5, 1, 1]);
});

test("tomorrow at eight is by the clock of the device, also at the end of a month", () => {
  const { hour, tomorrow } = offeredTimes(NOW);
  assert.equal(hour, NOW + HOUR);
  assert.deepEqual([new Date(tomorrow).getHours(), new Date(tomorrow).getMinutes(), new Date(tomorrow).getDate()], [8, 0, 1]);
});

test("a time in the past, too far away, or unclear is refused", () => {
  const times = [NOW + 60_000, NOW, NOW - 1, NOW + 364 * DAY, NOW + 366 * DAY, NaN, Infinity];
  assert.deepEqual(times.map((until) => problemOfTime(until, NOW)), ["", "past", "past", "", "far", "unclear", "unclear"]);
});

test("a wait is read as it was kept", () => {
  for (const wait of [UNDO, LATER]) assert.deepEqual(readWait(structuredClone(wait)), wait);
});

const HOSTILE_WAITS = [
  null, 5, "later", [], {}, { ...UNDO, kind: "soon" }, { ...UNDO, until: "5" }, { ...UNDO, until: NaN }, { ...UNDO, until: Infinity },
  { ...UNDO, until: NOW - 1 }, { ...UNDO, until: NOW + DAY }, { ...LATER, until: NOW + 400 * DAY }, { ...LATER, since: -1 },
  { ...LATER, since: 1.5 }, { ...LATER, until: 1e300 }, { kind: "later", until: NOW },
];

for (const wait of HOSTILE_WAITS) {
  test(`what is not a wait is not read as one: ${JSON.stringify(wait)}`, () => assert.equal(readWait(wait), null));
}

test("a letter is read as it was kept, and a letter of an earlier version waits for nothing", () => {
  assert.deepEqual(readLetter(structuredClone(LETTER)), LETTER);
  const { wait, isPart, ...earlier } = LETTER;
  assert.deepEqual(readLetter(earlier), { ...LETTER, wait: null });
});

test("a letter whose time or state cannot be read is held, and not sent", () => {
  for (const wait of HOSTILE_WAITS.slice(1)) assert.equal(readLetter({ ...LETTER, wait })?.state, "held");
  for (const state of ["", "sent", null, "WAITING"]) assert.equal(readLetter({ ...LETTER, state })?.state, "held");
});

const HOSTILE_LETTERS = [
  null, "letter", [], {}, { ...LETTER, id: 7 }, { ...LETTER, turn: "1" }, { ...LETTER, turn: NaN }, { ...LETTER, copies: [] },
  { ...LETTER, copies: {} }, { ...LETTER, copies: [null] }, { ...LETTER, copies: [{ ...COPY, message: null }] },
  { ...LETTER, copies: [{ ...COPY, recipients: "bob" }] }, { ...LETTER, copies: [{ ...COPY, recipients: [1] }] },
  { ...LETTER, copies: [{ ...COPY, key: undefined }] }, { ...LETTER, copies: [{ ...COPY, tried: "0" }] },
  { ...LETTER, copies: [COPY, { ...COPY, isSent: 1 }] }, { ...LETTER, copies: [{ ...COPY, wish: {} }] }, { ...LETTER, words: null },
  { ...LETTER, words: { ...WORDS, subject: 1 } }, { ...LETTER, words: { ...WORDS, to: null } },
  { ...LETTER, words: { ...WORDS, cc: [{ address: 1, name: "" }] } }, { ...LETTER, words: { ...WORDS, files: [{ name: "a" }] } },
];

for (const letter of HOSTILE_LETTERS) {
  test(`what is not a letter is not read as one: ${JSON.stringify(letter)?.slice(0, 120)}`, () => assert.equal(readLetter(letter), null));
}
