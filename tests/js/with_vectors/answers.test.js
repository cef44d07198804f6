/** The recipients of a reply, and names beside addresses, for messages that the core has judged. */
import assert from "node:assert/strict";

import { answerTo } from "../../../wasm_build/ui/answer.js";
import { quoteMailbox, writeMailbox } from "../../../wasm_build/ui/formats.js";
import { speak } from "../support/catalogues.js";
import { testWith } from "./vectors.js";

/**
 * `shown` names the value that stands for a translated sentence: the key of the sentence if it has no such value. `within` are
 * the only addresses that may get the reply without a question.
 * @typedef {{
 *   report: any, people: any, options: {own?: string[], ownSigners?: string[], toAll?: boolean}, shown: string,
 *   expected: Record<string, unknown>, within?: string[] | null, quotes?: string, isDisjoint?: boolean,
 * }} Case
 */

/** @param {Case} answerCase */
function answerOf({ report, people, options, shown }) {
  const translate = /** @type {any} */ ((/** @type {string} */ key, /** @type {Record<string, string>} */ values = {}) => values[shown] ?? key);
  const reply = { inReplyTo: null, references: [], hidden: [], people };
  const opened = /** @type {any} */ ({ headers: report.headers, shown: "", report, reply });
  const { to, cc, replyTo, doubtful, tooMany, quote } = answerTo(translate, opened, options);
  const addresses = (/** @type {{address: string}[]} */ some) => some.map(({ address }) => address);
  return {
    to: addresses(to), cc: addresses(cc), replyTo: addresses(replyTo), tooMany, quote, intro: quote.trim().split("\n")[0],
    doubtful: [...addresses(doubtful.to), ...addresses(doubtful.cc)],
  };
}

for (const name of [
  "a quotation names a date only if there is one",
  "a reply goes to the sender",
  "a reply to what the person sent goes to its readers",
  "a reply to a note to oneself goes to oneself",
  "every own address counts",
  "a message without a sender asks about its reply address",
  "whom only unprotected fields name is doubtful",
  "the unproved sender of an encrypted message is doubtful",
  "the readers of an own encrypted message are doubtful unless they were signed",
  "an answer to too many people is refused whole",
  "an answer reaches whom the view proves and nobody else without a question",
  "a false own address leads no answer away from a proved sender",
  "a reply to a reply to a parcel names nobody",
  "a reply to a notice asks about whom a verified field names",
  "an unsigned mark of a service keeps no reply from a proved sender",
  "a mark of no known service leads no answer away from the proved sender",
]) {
  testWith(name, (/** @type {Case[]} */ cases) => {
    for (const answerCase of cases) {
      /** @type {Record<string, unknown>} */
      const answer = answerOf(answerCase);
      for (const [key, expected] of Object.entries(answerCase.expected)) assert.deepEqual(answer[key], expected, key);
      const reached = /** @type {string[]} */ ([...answerOf(answerCase).to, ...answerOf(answerCase).cc]);
      if (answerCase.within) for (const address of reached) assert.ok(answerCase.within.includes(address), address);
      if (answerCase.quotes) assert.ok(String(answer.quote).includes(answerCase.quotes));
      if (answerCase.isDisjoint) for (const address of answerOf(answerCase).doubtful) assert.ok(!reached.includes(address), address);
    }
  });
}

testWith("a quotation names no time that a browser reads otherwise than the report", (/** @type {(Case & {text: string, time: string | null})[]} */ cases) => {
  speak("en");
  for (const { text, time, ...answerCase } of cases) {
    const { intro } = answerOf(answerCase);
    if (time) assert.match(String(intro), /November 28, 2026 at 10:00/);
    else assert.equal(intro, text);
  }
});

testWith("a name makes one mailbox of a header", ({ written, ...mailbox }) => {
  assert.equal(quoteMailbox(mailbox), written);
});

testWith("no name in a certificate passes for the proved address", ({ shown, ...mailbox }) => {
  assert.equal(writeMailbox(mailbox), shown);
});
