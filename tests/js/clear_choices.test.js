/** The person's choices about unencrypted mail in the address book: kept with it, and never sent to the account. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { AddressBook } from "../../webbridge/pages/trust/address_book.js";
import { ClearChoices, MOST_KEPT } from "../../webbridge/pages/trust/clear_choices.js";

function choices() {
  const book = new AddressBook();
  return { book, clear: new ClearChoices(book) };
}

test("until the bridge has answered, all unencrypted mail is forbidden", () => {
  const { clear } = choices();
  assert.deepEqual(clear.policy, { mode: "never", neverDomains: [] });
  clear.adopt(undefined);
  assert.deepEqual(clear.policy, { mode: "allow-unknown", neverDomains: [] });
  clear.adopt({ mode: "sometimes" });
  assert.deepEqual(clear.policy, { mode: "never", neverDomains: [] });
});

test("a way is remembered for a person and a domain, and forgotten", () => {
  const { clear } = choices();
  clear.remember(["Bob@Example.org", "@Example.net", "@not a domain"], "clear");
  clear.remember(["bob@example.org"], "parcel");
  assert.deepEqual([clear.ways("bob@example.org"), clear.ways("@example.net"), clear.ways("eve@example.org")], ["parcel", "clear", null]);
  assert.deepEqual(clear.list, [{ name: "bob@example.org", way: "parcel" }, { name: "@example.net", way: "clear" }]);
  clear.forget("bob@example.org");
  assert.deepEqual(clear.list, [{ name: "@example.net", way: "clear" }]);
});

test("choices stay in the kept book, and are no part of the texts that roam", () => {
  const { book, clear } = choices();
  clear.remember(["bob@example.org"], "clear");
  clear.noteEncrypted(["Carol@Example.org"]);
  assert.deepEqual(book.texts(), { person: {}, group: {}, setting: {} });
  book.take({ person: {}, group: {}, setting: {} });
  const later = choices();
  later.book.join(/** @type {ArrayBuffer} */ (book.bytes()));
  assert.deepEqual([later.clear.ways("bob@example.org"), later.clear.hasEncrypted("carol@example.org")], ["clear", true]);
  assert.equal(later.clear.hasEncrypted("bob@example.org"), false);
});

test("a text in the book that is no way counts as none", () => {
  const { book, clear } = choices();
  book.keepTexts("clear", [["bob@example.org", "{}"], ["eve@example.org", "CLEAR"]], { most: 10 });
  assert.deepEqual([clear.ways("bob@example.org"), clear.list], [null, []]);
});

test("of too many people the latest are known", () => {
  const { book, clear } = choices();
  clear.noteEncrypted(["first@example.org"]);
  const later = Date.now() + 1_000;
  const now = Date.now;
  Date.now = () => later;
  try {
    clear.noteEncrypted(Array.from({ length: MOST_KEPT }, (_, number) => `p${number}@example.org`));
  } finally {
    Date.now = now;
  }
  assert.deepEqual([book.textsOf("encrypted").length, clear.hasEncrypted("first@example.org")], [MOST_KEPT, false]);
});

test("a person who is noted again changes nothing, so that nothing is written", () => {
  const { book, clear } = choices();
  clear.noteEncrypted(["bob@example.org"]);
  let changes = 0;
  book.addEventListener("change", () => { changes += 1; });
  clear.noteEncrypted(["BOB@example.org"]);
  assert.equal(changes, 0);
});
