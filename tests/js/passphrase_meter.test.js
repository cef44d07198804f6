/** The meter of new passphrases: it measures after a pause, and shows only the measure of the text as it is now. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

/** An element with what the meter uses. */
class Element {
  dataset = {};
  /** @type {Element[]} */
  children = [];
  hidden = false;
  textContent = "";
  value = 0;
  setAttribute(/** @type {string} */ name) { if (name === "hidden") this.hidden = true; }
  append(/** @type {Element} */ child) { this.children.push(child); }
}

Object.assign(globalThis, { document: { createElement: () => new Element() } });
const { PassphraseMeter } = await import("../../wasm_build/ui/passphrase_meter.js");

const PAUSE_MILLISECONDS = 400;
/** Waits until the answers of earlier measures were taken. */
const settled = () => new Promise((resolve) => { setImmediate(() => resolve(undefined)); });

function setUp() {
  /** @type {{secret: any, reply: (strength: any) => void, fail: (error: Error) => void}[]} */
  const asked = [];
  /** @param {any} secret @returns {Promise<any>} */
  const measure = (secret) => new Promise((reply, fail) => { asked.push({ secret, reply, fail }); });
  const translate = (/** @type {string} */ key) => key;
  const meter = new PassphraseMeter(/** @type {any} */ (translate), measure);
  const [bar, words] = /** @type {[Element, Element]} */ (/** @type {unknown} */ (meter.element.children));
  const copy = () => ({ buffer: Uint8Array.of(1, 2, 3, 0).buffer, length: 3 });
  return { meter, asked, bar, words, copy };
}

test("a passphrase is measured once, after a pause in typing", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { meter, asked, words, bar, copy } = setUp();
  meter.changed(copy);
  mock.timers.tick(PAUSE_MILLISECONDS - 1);
  meter.changed(copy);
  mock.timers.tick(PAUSE_MILLISECONDS - 1);
  assert.equal(asked.length, 0);
  mock.timers.tick(1);
  assert.equal(asked.length, 1);
  asked[0]?.reply({ score: 1, warning: "like-common" });
  await settled();
  assert.deepEqual([words.textContent, bar.value, bar.hidden], ["strength_1 strength_because_like_common", 1, false]);
  mock.timers.reset();
});

test("a measure of an earlier text is not shown, and its copy is overwritten", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { meter, asked, words, copy } = setUp();
  meter.changed(copy);
  mock.timers.tick(PAUSE_MILLISECONDS);
  meter.clear();
  asked[0]?.reply({ score: 4, warning: "" });
  await settled();
  assert.equal(words.textContent, "");
  assert.deepEqual([...new Uint8Array(asked[0]?.secret.buffer)], [0, 0, 0, 0]);
  mock.timers.reset();
});

test("a measure that fails shows nothing, and nothing to measure asks nothing", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { meter, asked, words, bar, copy } = setUp();
  meter.changed(() => null);
  mock.timers.tick(PAUSE_MILLISECONDS);
  assert.equal(asked.length, 0);
  meter.changed(copy);
  mock.timers.tick(PAUSE_MILLISECONDS);
  asked[0]?.fail(new Error("vault-crashed"));
  await settled();
  assert.deepEqual([words.textContent, bar.hidden], ["", true]);
  assert.deepEqual([...new Uint8Array(asked[0]?.secret.buffer)], [0, 0, 0, 0]);
  mock.timers.reset();
});
