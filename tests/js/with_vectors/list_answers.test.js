/** The pages keep every member of the rows that the bridge gives. */
import assert from "node:assert/strict";

import { readPage } from "../../../webbridge/pages/mail/list_answers.js";
import { testWith } from "./vectors.js";

testWith("no member of a row is lost", (page) => {
  const rows = readPage(page, 10).messages;
  assert.equal(rows.length, page.messages.length);
  const withMoments = (/** @type {{date: string | null}[]} */ some) => some.map((row) => ({ ...row, date: row.date && new Date(row.date).toISOString() }));
  assert.deepEqual(JSON.parse(JSON.stringify(withMoments(rows))), withMoments(page.messages));
});
