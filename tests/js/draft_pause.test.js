/** The moment at which a changed letter is kept. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";

/** Each listener of the window and the document. @type {Record<string, () => void>} */
const listeners = {};
const addEventListener = (/** @type {string} */ type, /** @type {() => void} */ listener) => { listeners[type] = listener; };
const document = { hidden: false, addEventListener };
Object.assign(globalThis, { window: globalThis, document, addEventListener });
mock.timers.enable({ apis: ["setTimeout", "Date"] });

const { DraftPause } = await import("../../wasm_build/writing/draft_pause.js");

/** A pause, and the seconds at which it has ended. A letter that is kept ends the pause. */
function countEnds() {
  /** @type {number[]} */
  const seconds = [];
  const start = Date.now();
  const pause = new DraftPause(() => {
    seconds.push((Date.now() - start) / 1_000);
    pause.cancel();
  });
  return { pause, seconds };
}

/** Lets the time pass second by second, because the mocked clock shows a timer the end of the whole step. @param {number} seconds */
function pass(seconds) {
  for (let second = 0; second < seconds; second += 1) mock.timers.tick(1_000);
}

test("a letter is kept two seconds after the last change", () => {
  const { pause, seconds } = countEnds();
  for (let change = 0; change < 3; change += 1) {
    pause.restart();
    pass(1);
  }
  pass(60);
  assert.deepEqual(seconds, [4]);
});

test("typing without a pause loses at most twenty seconds", () => {
  const { pause, seconds } = countEnds();
  for (let change = 0; change < 45; change += 1) {
    pause.restart();
    pass(1);
  }
  assert.deepEqual(seconds, [20, 40]);
});

test("a letter is kept when the window loses the focus, and when it is hidden", () => {
  const { seconds } = countEnds();
  listeners.blur();
  listeners.visibilitychange();
  assert.equal(seconds.length, 1);
  document.hidden = true;
  listeners.visibilitychange();
  assert.equal(seconds.length, 2);
});

test("after the window was left, nothing is kept", () => {
  const { pause, seconds } = countEnds();
  pause.restart();
  pause.dispose();
  pass(60);
  assert.deepEqual(seconds, []);
});
