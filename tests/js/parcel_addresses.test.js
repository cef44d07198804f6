/** The addresses of notices: which texts are one, and which hosts imitate a host of the list. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { hasForeignLetters, imitated } from "../../browser_ext/parcel/imitations.js";
import { parseNoticeAddress } from "../../wasm_build/parcels/notice_address.js";

const ID = "AAECAwQFBgcICQoLDA0ODw";
const HOST = "mail.example.org";

test("the address of a notice has a server and a link", () => {
  const plain = { id: ID, words: "", origin: `https://${HOST}`, host: HOST };
  const addresses = {
    [`https://${HOST}/parcel.html#${ID}`]: plain,
    [`  <https://MAIL.example.org/parcel.html#${ID}>. `]: plain,
    [`https://${HOST}/parcel.html#${ID}.able-acid-also-apex-arch-aunt`]: { ...plain, words: "able acid also apex arch aunt" },
    [`http://127.0.0.1:8000/parcel.html#${ID}`]: { ...plain, origin: "http://127.0.0.1:8000", host: "127.0.0.1:8000" },
  };
  for (const [text, parsed] of Object.entries(addresses)) assert.deepEqual(parseNoticeAddress(text), parsed, text);
});

test("no other text is the address of a notice", () => {
  const others = [
    "", ID, `http://${HOST}/parcel.html#${ID}`, `https://${HOST}/#${ID}`, `https://${HOST}/other/parcel.html#${ID}`,
    `https://${HOST}/parcel.html`, `https://${HOST}/parcel.html#${ID.slice(0, -1)}`, `https://${HOST}@evil.test/parcel.html#${ID}`,
    `javascript:alert(1)//parcel.html#${ID}`, `data:text/html,/parcel.html#${ID}`,
  ];
  for (const other of others) assert.equal(parseNoticeAddress(other), null, other);
});

test("a name with foreign letters is shown in punycode", () => {
  const host = parseNoticeAddress(`https://m\u0430il.example.org/parcel.html#${ID}`)?.host ?? "";
  assert.match(host, /^xn--/);
  assert.deepEqual([hasForeignLetters(host), hasForeignLetters(HOST)], [true, false]);
});

test("a host that reads like one of the list is noticed", () => {
  const hosts = [
    "mail.examp1e.org", "mail.exarnple.org", "mail.exampel.org", "mail.exmple.org", "mail.examplee.org", "mail-example.org",
    "mail.example.org:8443", "mail.example.org.evil.test", "mail.example.org-evil.test",
  ];
  for (const host of hosts) assert.equal(imitated(host, ["a.test", HOST]), HOST, host);
});

test("other hosts imitate nobody", () => {
  for (const host of ["mail.example.com", "parcels.other.test", "example.net", HOST]) assert.equal(imitated(host, [HOST]), "", host);
});
