/** The table of the extension's messages and the background's handlers name the same messages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";

import "./support/leave.js";

import { HANDLERS } from "../../browser_ext/background/handlers.js";
import { QUESTIONS } from "../../browser_ext/background/jobs/questions.js";
import { codeOf, describeError, MESSAGES } from "../../browser_ext/shared/messages.js";

test("every message has a handler and every handler a message", () => {
  assert.deepEqual(Object.keys(HANDLERS).sort(), Object.keys(MESSAGES).sort());
  for (const question of Object.keys(QUESTIONS)) assert.ok(question in MESSAGES, question);
});

// An error of another JavaScript context is no instance of this context's classes. Firefox passes such errors to frames.
test("an error of another context keeps its code", () => {
  const programs = ["({ code: 'mail-gone', message: 'gone' })", "null", "undefined", "'text'"];
  const errors = programs.map((program) => vm.runInNewContext(program));
  assert.deepEqual(errors.map(codeOf), ["mail-gone", "unknown", "unknown", "unknown"]);
  const { code, message } = describeError(errors[0]);
  assert.deepEqual([code, message], ["mail-gone", "gone"]);
});
