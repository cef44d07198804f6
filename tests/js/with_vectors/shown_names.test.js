/** Names beside addresses, and addresses themselves, as pages and extension write them. The core writes the expected ones. */
import assert from "node:assert/strict";

import { cleanName } from "../../../wasm_build/ui/attachments.js";
import { createPeople } from "../../../wasm_build/ui/clamped_people.js";
import { isAddress, writeMailbox } from "../../../wasm_build/ui/formats.js";
import { readLink } from "../../../wasm_build/ui/mail_markup.js";
import { cleanAddress, holderText, shortName } from "../../../wasm_build/ui/shown_names.js";
import { senderOf } from "../../../webbridge/pages/mail/row_people.js";
import { testWith } from "./vectors.js";

/** @typedef {{name: string, address: string, shown: string}} Beside */

for (const name of ["pages and extension write the same as the core", "each character beside an address is written alike everywhere"]) {
  testWith(name, (/** @type {Beside[]} */ cases) => {
    for (const { shown, ...mailbox } of cases) assert.equal(writeMailbox(mailbox), shown);
  });
}

testWith("no invisible characters push the kind of a file out of sight", ({ names, cleaned }) => {
  for (const name of names) assert.ok(cleaned.includes(cleanName(name)), JSON.stringify(name));
});

testWith("a row whose sender cannot be read shows no text that looks like an address", (/** @type {{from: string, shown: string}[]} */ rows) => {
  for (const { from, shown } of rows) assert.equal(shortName(senderOf(/** @type {any} */ ({ from, sender: null }))), shown);
});

testWith("each invisible character of an address has a picture", ({ plain, hidden, shown }) => {
  assert.deepEqual([cleanAddress(plain), isAddress(plain)], [plain, true]);
  for (const address of hidden) assert.deepEqual([cleanAddress(address), isAddress(address)], [shown, false]);
});

// The place is beside the words of the link, which may say anything.
testWith("the place of a mail link shows no address in another direction", (/** @type {{link: string, place: string}[]} */ links) => {
  for (const { link, place } of links) assert.equal(readLink(link)?.place, place, link);
});

// A subject may hold any text. Only a name of an address form in the certificate is an address.
testWith("the title of a certificate without an address shows none", ({ subjects, titles, signs }) => {
  // The characters that the core takes for a sign of an address, in any form.
  const isSign = new Set(signs);
  for (const subject of subjects) {
    const shown = holderText({ addresses: [], name: subject });
    assert.ok(![...shown, ...shown.normalize("NFKD")].some((letter) => isSign.has(letter)), shown);
    assert.ok(!/[\p{Cf}\p{Cc}\p{Cs}]/u.test(shown), JSON.stringify(shown));
  }
  for (const { holder, shown } of titles) assert.equal(holderText(holder), shown);
});

testWith("a claimed person is shown with the whole address and no other", ({ name, address, shown }) => {
  const written = createPeople(/** @type {any} */ ({ count: 1, mailboxes: [{ name, address }] }), /** @type {any} */ ({}));
  assert.deepEqual(written, [shown]);
});
