/** The text below messages: in the address book, from other tabs and devices, and in a new letter. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { AddressBook } from "../../webbridge/pages/trust/address_book.js";
import { cleanSignature, endOfWords, withSignature } from "../../webbridge/pages/writing/letter_signature.js";

/** @param {AddressBook} book */
const sentOf = (book) => book.texts().setting;

/** A book with this text below messages. @param {string} text */
function bookWith(text) {
  const book = new AddressBook();
  book.keepSignature(cleanSignature(text));
  return book;
}

/** The book after a reload of the page. @param {AddressBook} book */
function reloaded(book) {
  const again = new AddressBook();
  again.join(/** @type {ArrayBuffer} */ (book.bytes()));
  return again;
}

/** A change in another tab, whose text this book then gets. @param {AddressBook} book @param {string} text */
async function join(book, text) {
  // At one millisecond the larger text would stay.
  await new Promise((resolve) => { setTimeout(resolve, 2); });
  const other = new AddressBook();
  other.keepSignature(text);
  book.join(/** @type {ArrayBuffer} */ (other.bytes()));
}

/** The text of a new letter. @param {string} signature @param {Record<string, unknown>} [proposal] */
const proposed = (signature, proposal = {}) => withSignature(/** @type {any} */ ({ text: "", ...proposal }), signature).text;

test("it is kept in the book and forgotten with it", () => {
  const again = reloaded(bookWith("Alice\n+49 1"));
  assert.deepEqual([again.signature, sentOf(again), again.people.length], ["Alice\n+49 1", { signature: '"Alice\\n+49 1"' }, 0]);
  again.forget();
  assert.deepEqual([again.signature, sentOf(again)], ["", {}]);
});

test("the later change of two tabs stays", async () => {
  const book = bookWith("Alice");
  await join(book, "Alice B.");
  assert.equal(book.signature, "Alice B.");
  book.keepSignature(cleanSignature("A. B."));
  assert.equal(book.signature, "A. B.");
  assert.equal(reloaded(book).signature, "A. B.");
});

test("control characters empty ends and what is too long are left out", () => {
  assert.equal(bookWith("Alice\r\n\0+49\x1b 1 \n\n").signature, "Alice\n+49 1");
  assert.equal(bookWith("a".repeat(2_001)).signature.length, 2_000);
});

test("the signature of another device takes effect", () => {
  const book = new AddressBook();
  book.take({ setting: { signature: '"Alice"' } });
  assert.deepEqual([book.signature, sentOf(book)], ["Alice", { signature: '"Alice"' }]);
  book.keepSignature("Alice B.");
  assert.deepEqual(sentOf(book), { signature: '"Alice B."' });
});

test("a removed signature is removed on other devices", () => {
  const removed = bookWith("Alice");
  removed.keepSignature(cleanSignature(" \n"));
  assert.deepEqual([removed.signature, sentOf(removed)], ["", { signature: '""' }]);
  const taken = bookWith("Alice");
  taken.take(/** @type {any} */ ({ setting: sentOf(removed) }));
  assert.equal(taken.signature, "");
});

test("a value of a later program is kept and not used", () => {
  for (const value of ["7", "{", JSON.stringify("a".repeat(2_001)), JSON.stringify("a\0")]) {
    const book = bookWith("Alice");
    book.take({ setting: { signature: value } });
    const again = reloaded(book);
    for (const copy of [book, again]) assert.deepEqual([copy.signature, sentOf(copy)], ["", { signature: value }]);
    again.keepSignature("Alice B.");
    assert.deepEqual(sentOf(again), { signature: '"Alice B."' });
  }
});

test("an account without a signature takes none away", () => {
  const book = bookWith("Alice");
  book.take({ setting: { strict: "true" } });
  assert.deepEqual([book.signature, sentOf(book)], ["Alice", { signature: '"Alice"' }]);
});

test("a new letter begins with room above the signature", () => {
  assert.equal(proposed("Alice"), "\n\n-- \nAlice");
  assert.equal(proposed(""), "");
});

test("the signature is above a quotation and below other words", () => {
  const text = "\n\nBob wrote:\n> Hello\n";
  assert.equal(proposed("Alice", { text }), `\n\n-- \nAlice${text}`);
  assert.equal(proposed("Alice", { text: "Send it again.\n" }), "Send it again.\n\n-- \nAlice");
});

test("a letter that is continued gets no second signature", () => {
  assert.equal(proposed("Alice", { text: "Hello", draft: { held: {} } }), "Hello");
  assert.equal(proposed("Alice", { text: "Hello", outboxId: "1" }), "Hello");
});

test("a continued letter goes on above its signature", () => {
  const texts = {
    "Hello\n\n-- \nAlice": "Hello", "\n\n-- \nAlice": "", "Hello\n": "Hello\n", "a\n\n-- \nAlice\n\n-- \nBob": "a",
    "a\n-- \nBob": "a\n-- \nBob",
  };
  for (const [text, words] of Object.entries(texts)) assert.equal(text.slice(0, endOfWords(text, "Alice")), words);
});
