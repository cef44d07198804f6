/** The view of sent parcels has a word for each state of the bridge, and agrees with it about names and commands. */
import assert from "node:assert/strict";

import { codeWords, speakerKey, stateKey } from "../../../webbridge/pages/parcels/sent/parcel_states.js";
import { isTokenName, tokenCommand } from "../../../webbridge/pages/parcels/sent/token_words.js";
import { readTexts } from "../support/catalogues.js";
import { testWith } from "./vectors.js";

/** @param {string} state @param {string} by */
const key = (state, by) => stateKey(/** @type {any} */ ({ state, by }));

testWith("each state and speaker of the bridge has words", (/** @type {Record<string, string[]>} */ { states, speakers, codes }) => {
  const ofStates = states.map((state) => key(state, "recipient-claims"));
  const ofSpeakers = speakers.map((by) => speakerKey(/** @type {any} */ ({ by })));
  const ofCodes = codes.map((code) => codeWords(code, "notified")[0]);
  const catalogue = readTexts("en", "pages");
  const failed = speakers.map((by) => key("failed", by));
  for (const textKey of [...ofStates, ...ofSpeakers, ...ofCodes, ...failed]) assert.ok(textKey in catalogue, textKey);
  assert.equal(new Set(ofCodes).size, codes.length);
  assert.ok(!ofStates.includes("sent_parcel_state_other"));
  assert.ok(!ofSpeakers.includes("sent_parcel_by_other"));
  assert.equal(key("eaten", "someone"), "sent_parcel_state_other");
});

testWith("a name is refused before the bridge refuses it", ({ name, taken }) => {
  assert.equal(isTokenName(name), taken);
});

testWith("a shell reads the command as it is meant", ({ address, command }) => {
  assert.equal(tokenCommand("https://mail.example.org/", address), command);
});
