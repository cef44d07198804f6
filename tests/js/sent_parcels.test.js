/** The view of sent parcels calls no claim proved, offers only acts that the bridge takes, and writes its command safely. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { actsFor, codeWords, headlineOf, lookOf, stateKey, wholeNumber } from "../../webbridge/pages/parcels/sent/parcel_states.js";
import { isTokenName, tokenCommand } from "../../webbridge/pages/parcels/sent/token_words.js";
import { readTexts } from "./support/catalogues.js";

const CATALOGUE = readTexts("en", "pages");

/**
 * @param {string} state @param {string[]} saidBy @param {{stored?: boolean, triesLeft?: number}} [differences]
 * @returns {any}
 */
function parcel(state, saidBy = [], { stored = true, triesLeft = 5 } = {}) {
  return { state, states: saidBy.map((by) => ({ state, by, at: "2026-01-01T00:00:00Z" })), stored, triesLeft };
}

test("an answer that did not reach the sender is no answer", () => {
  const lost = /** @type {any} */ ({ state: "answered", by: "service", recipient: "alice@example.test", at: "" });
  assert.deepEqual([stateKey(lost), lookOf(lost)], ["sent_parcel_state_answer_lost", "failed"]);
  const codes = ["smtp-552", "given-up"].map((code) => codeWords(code, "answered")[0]);
  assert.deepEqual(codes, ["sent_parcel_code_own_smtp", "sent_parcel_code_own_given_up"]);
  for (const key of [stateKey(lost), ...codes]) assert.ok(key in CATALOGUE, key);
});

test("what only a program says is a claim", () => {
  for (const state of ["received", "opened", "answered"]) {
    const speakers = [["recipient-claims"], ["recipient-claims", "recipient-signed"], ["service"], ["someone"]];
    const headlines = speakers.map((saidBy) => headlineOf(parcel(state, saidBy))).map(({ look, isClaim, isSigned }) => [look, isClaim, isSigned]);
    assert.deepEqual(headlines, [["claimed", true, false], ["signed", false, true], ["sent", false, false], ["claimed", true, false]]);
  }
});

test("an end and a failure have shapes of their own", () => {
  const parcels = [
    parcel("withdrawn", ["sender"]), parcel("expired", ["service"]), parcel("failed", ["recipient-claims"]), parcel("uploading"),
  ];
  const headlines = parcels.map(headlineOf).map(({ look, isClaim }) => [look, isClaim]);
  assert.deepEqual(headlines, [["ended", false], ["ended", false], ["failed", true], ["waiting", false]]);
});

test("only what the bridge takes is offered", () => {
  const parcels = [
    parcel("submitted"), parcel("submitted", [], { triesLeft: 0 }), parcel("expired", [], { triesLeft: 0 }),
    parcel("withdrawn", [], { stored: false }),
  ];
  const offers = parcels.map((sentParcel) => Object.entries(actsFor(sentParcel)).filter(([, may]) => may).map(([name]) => name));
  assert.deepEqual(offers, [["withdraw", "extend", "limit"], ["withdraw", "extend", "limit", "tries"], ["withdraw", "extend"], []]);
});

test("a name of dots would change the address of a request", () => {
  assert.deepEqual([".", "..", "..."].map(isTokenName), [false, false, true]);
});

test("the command names the folder of the pages", () => {
  const folders = {
    "https://mail.example.org/": "https://mail.example.org", "https://example.org/mail/": "https://example.org/mail",
    "https://example.org/mail/index.html": "https://example.org/mail", "http://127.0.0.1:8010/": "http://127.0.0.1:8010",
  };
  for (const [base, folder] of Object.entries(folders)) {
    const named = tokenCommand(base, "a@b.example").split(" ")[4];
    assert.ok([folder, `'${folder}'`].includes(named ?? ""), named);
  }
});

test("a number is whole and within its bounds", () => {
  const typed = ["1", "90", " 14 ", "0", "91", "-1", "1.5", "1e1", "", "x", "9".repeat(30)];
  assert.deepEqual(typed.map((text) => wholeNumber(text, 1, 90)), [1, 90, 14, ...Array(8).fill(null)]);
});
