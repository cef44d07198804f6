/** The filters of the pages: answers that are read strictly, and changes to the list of rules. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { hasAction, newRule, withMoved, withoutRule, withRule } from "../../webbridge/pages/settings/filter_changes.js";
import { FilterRequests, readFilters } from "../../webbridge/pages/settings/filter_requests.js";

/** @typedef {import("../../webbridge/pages/settings/filter_requests.js").Rule} Rule */

const OFFERS = { move: true, copy: true, marks: true, vacation: true, dates: true, include: true };
const VACATION = { on: true, subject: "", text: "Away", days: 7, first: null, last: "2026-12-24", addresses: ["a@example.test"] };

/** @param {Partial<Rule>} members @returns {Rule} */
function ruleOf(members) {
  return { ...newRule(), conditions: [{ field: "from", match: "contains", text: "bob" }], read: true, ...members };
}

/** @param {object} members */
function answerWith(members) {
  return {
    version: "1", active: true, changed: false, other: null, offers: OFFERS, rules: [ruleOf({})], vacation: VACATION, include: null,
    ...members,
  };
}

test("an answer is read as the bridge has written it", () => {
  const size = ruleOf({ conditions: [{ field: "size", match: "over", kilobytes: 3 }], moveTo: "id", all: false });
  const answer = answerWith({ rules: [ruleOf({}), size], include: "x" });
  assert.deepEqual(readFilters(answer), answer);
  assert.deepEqual(readFilters(answerWith({ vacation: null })).vacation, null);
});

/** @type {[string, object][]} */
const WRONG = [
  ["no list", { rules: undefined }],
  ["too many rules", { rules: Array(101).fill(ruleOf({})) }],
  ["a rule that is none", { rules: [7] }],
  ["an unknown field", { rules: [ruleOf({ conditions: /** @type {any} */ ([{ field: "body", match: "is", text: "a" }]) })] }],
  ["an unknown comparison", { rules: [ruleOf({ conditions: /** @type {any} */ ([{ field: "to", match: "over", text: "a" }]) })] }],
  ["a condition without a text", { rules: [ruleOf({ conditions: [{ field: "to", match: "is", text: "" }] })] }],
  ["a size that is none", { rules: [ruleOf({ conditions: [{ field: "size", match: "over", kilobytes: -1 }] })] }],
  ["a long name", { rules: [ruleOf({ name: "x".repeat(201) })] }],
  ["half a character", { rules: [ruleOf({ name: "\ud800" })] }],
  ["a folder that is no id", { rules: [ruleOf({ moveTo: /** @type {any} */ (7) })] }],
  ["no vacation member", { vacation: undefined }],
  ["a reply without a text", { vacation: { ...VACATION, text: "" } }],
  ["a day that is none", { vacation: { ...VACATION, first: "tomorrow" } }],
  ["no version", { version: 7 }],
];
for (const [name, members] of WRONG) {
  test(`filters with ${name} are refused as a whole, so that none is lost by saving`, () => {
    assert.throws(() => readFilters(answerWith(members)), { code: "server-error" });
  });
}

test("saving sends the filters with the version that was read", async () => {
  /** @type {any[]} */
  const sent = [];
  const requests = new FilterRequests(async (path, options) => {
    sent.push([path, options?.method, JSON.parse(String(options?.body ?? "null"))]);
    return answerWith({ version: "2" });
  });
  const kept = await requests.load();
  assert.equal((await requests.save({ ...kept, rules: [] }, { replace: true })).version, "2");
  assert.deepEqual(sent[1], ["/api/filters", "PUT", { rules: [], vacation: VACATION, include: null, version: "2", replace: true }]);
});

test("a rule is changed, moved and removed by its content", () => {
  const [one, two, three] = ["one", "two", "three"].map((name) => ruleOf({ name }));
  const names = (/** @type {Rule[]} */ rules) => rules.map(({ name }) => name).join(" ");
  const rules = [one, two];
  assert.equal(names(withRule(rules, null, three)), "one two three");
  assert.equal(names(withRule(rules, structuredClone(two), three)), "one three");
  assert.equal(names(withRule(rules, three, ruleOf({ name: "four" }))), "one two four");
  assert.equal(names(withoutRule(rules, one)), "two");
  assert.equal(names(withoutRule(rules, three)), "one two");
  assert.equal(names(withMoved(rules, two, -1)), "two one");
  assert.equal(names(withMoved(rules, two, 1)), "one two");
  assert.equal(names(withMoved(rules, one, -1)), "one two");
  assert.equal(names(rules), "one two");
});

test("a rule without an action does nothing", () => {
  assert.equal(hasAction(newRule()), false);
  assert.deepEqual([{ stop: true }, { moveTo: "id" }, { flagged: true }].map((each) => hasAction({ ...newRule(), ...each })), [true, true, true]);
});
