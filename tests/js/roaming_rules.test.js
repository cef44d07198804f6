/** The rules about settings and recipes of another device: which take effect at once, and which are asked about. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { offersOf, settle, textsForMerge } from "../../wasm_build/vault/account/roaming_settings.js";

/** @typedef {{account: any, decline?: string, change?: Record<string, string>}} Step */

const [STRICT, RECIPE] = ["setting:strict", "recipe:https://mail.example.test"];
/** The name of each setting, its value here, and a weaker one. @type {[string, unknown, unknown][]} */
const WEAKER = [
  ["strict", true, false], ["harvest", false, true], ["mozilla", false, true], ["revocation", "required", "if-known"],
  ["revocation", "if-known", "not-checked"], ["timestampService", "", "https://time.example.test"],
];
/** @type {[string, unknown, unknown][]} */
const NOT_WEAKER = [
  ...WEAKER.map(([name, here, there]) => /** @type {[string, unknown, unknown]} */ ([name, there, here])),
  ["labelPolicy", null, { policy: "1.2.3" }], ["signsWith:alice@example.test", "aa", "bb"],
];

/**
 * Merges the texts of an account one after the other. After each comes the answer of the person, or a change here.
 * @param {Record<string, string>} here @param {Step[]} steps
 */
function runDevice(here, ...steps) {
  let held = /** @type {any} */ ({});
  return steps.map(({ account, decline = "", change = {} }) => {
    const result = settle(account, held, here, (_name, text) => text !== '"unknown"');
    ({ held } = result);
    Object.assign(here, result.taken);
    for (const name of result.removed) delete here[name];
    const offers = offersOf(held, here).map(({ name, text }) => [name, text]);
    if (decline) held[decline].state = "declined";
    Object.assign(here, change);
    return { here: { ...here }, offers, texts: textsForMerge(here, held, here, ["setting", "recipe"]) };
  });
}

/** @param {Record<string, string>} setting */
const settings = (setting) => ({ account: { setting, recipe: {} } });

/** @param {string} text */
const recipe = (text) => ({ account: { setting: {}, recipe: { "https://mail.example.test": text } } });

test("a weaker setting waits for an answer", () => {
  for (const [name, here, there] of WEAKER) {
    const entry = `setting:${name}`;
    const [shown] = runDevice({ [entry]: JSON.stringify(here) }, settings({ [name]: JSON.stringify(there) }));
    assert.deepEqual(shown?.here, { [entry]: JSON.stringify(here) });
    assert.deepEqual(shown?.offers, [[entry, JSON.stringify(there)]]);
    // The account keeps what it has meanwhile.
    assert.deepEqual(shown?.texts.setting, { [name]: JSON.stringify(there) });
  }
});

test("another setting takes effect at once", () => {
  for (const [name, here, there] of NOT_WEAKER) {
    const entry = `setting:${name}`;
    const [shown] = runDevice({ [entry]: JSON.stringify(here) }, settings({ [name]: JSON.stringify(there) }));
    assert.deepEqual([shown?.here, shown?.offers], [{ [entry]: JSON.stringify(there) }, []]);
  }
});

test("a declined setting is not asked about again until another comes", () => {
  const weaker = settings({ revocation: '"if-known"' });
  const steps = [{ ...weaker, decline: "setting:revocation" }, weaker, settings({ revocation: '"not-checked"' })];
  const shown = runDevice({ "setting:revocation": '"required"' }, ...steps);
  assert.deepEqual(shown.map(({ offers }) => offers.length), [1, 0, 1]);
  for (const { here } of shown) assert.equal(here["setting:revocation"], '"required"');
  assert.deepEqual(shown[1]?.texts.setting, { revocation: '"if-known"' });
});

test("what the person chooses here counts more than what is held", () => {
  const offered = { ...settings({ revocation: '"not-checked"' }), change: { "setting:revocation": '"if-known"' } };
  const [shown] = runDevice({ "setting:revocation": '"required"' }, offered);
  assert.deepEqual(shown?.texts.setting, { revocation: '"if-known"' });
});

test("a new or changed recipe waits for an answer and a removed one goes", () => {
  const shown = runDevice({ [RECIPE]: '"mine"' }, recipe('"other"'), recipe('"mine"'), settings({}));
  assert.deepEqual(shown.map(({ here }) => here), [{ [RECIPE]: '"mine"' }, { [RECIPE]: '"mine"' }, {}]);
  assert.deepEqual(shown.map(({ offers }) => offers.length), [1, 0, 0]);
  const [fresh] = runDevice({}, recipe('"other"'));
  assert.deepEqual([fresh?.here, fresh?.offers], [{}, [[RECIPE, '"other"']]]);
});

test("an unknown value is held for others without a question", () => {
  const shown = runDevice({ [STRICT]: "false" }, settings({ strict: '"unknown"' }), recipe('"unknown"'));
  for (const { here, offers } of shown) assert.deepEqual([here, offers], [{ [STRICT]: "false" }, []]);
  assert.deepEqual(shown[0]?.texts.setting, { strict: '"unknown"' });
  assert.deepEqual(shown[1]?.texts.recipe, { "https://mail.example.test": '"unknown"' });
});

test("a removed setting changes nothing", () => {
  const [shown] = runDevice({ [STRICT]: "true" }, settings({}));
  assert.deepEqual(shown?.here, { [STRICT]: "true" });
});
