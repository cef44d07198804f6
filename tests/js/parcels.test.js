/** The modules of a parcel's recipient page that need no browser: link, names, chunks, errors, limits, people. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { remedyFor } from "../../wasm_build/parcels/failures.js";
import { safeFileName } from "../../wasm_build/parcels/file_names.js";
import { areSolved, partPeople } from "../../wasm_build/parcels/letter_people.js";
import { parseLink } from "../../wasm_build/parcels/link.js";
import { readLimits } from "../../wasm_build/parcels/parcel_limits.js";

const ID = "AAECAwQFBgcICQoLDA0ODw";
const WORDS = "able-acid-also-apex-arch-aunt";
const SPOKEN = WORDS.replaceAll("-", " ");
const LIMITS = { maxBytes: 20 * 1024 ** 3, wholeBytes: 1024 ** 2, maxDays: 30, maxRecipients: 50 };

test("a link has an id and perhaps words", () => {
  const links = {
    [`#${ID}`]: { id: ID, words: "" },
    [`#${ID}.${WORDS}`]: { id: ID, words: SPOKEN },
    // Mail programs take a point or a bracket after the link for a part of it, and encode other letters.
    [`#${ID}.`]: { id: ID, words: "" },
    [`#${ID}>`]: { id: ID, words: "" },
    [`#${ID}.${WORDS}>.`]: { id: ID, words: SPOKEN },
    [`#${ID}.%C3%A4pfel-acid`]: { id: ID, words: "äpfel acid" },
  };
  for (const [link, parsed] of Object.entries(links)) assert.deepEqual(parseLink(link), parsed, link);
});

test("no other fragment is a link", () => {
  const others = [
    "", "#", "#/folder/inbox", `#${ID.slice(0, -1)}`, `#${ID}A`, `#${ID.slice(0, -1)}B`, `#${ID}!${WORDS}`, `#.${WORDS}`,
    `#${ID}.${"a".repeat(401)}`, "#%E0%A4%A",
  ];
  for (const other of others) assert.equal(parseLink(other), null, other);
});

test("the fragment is taken out of address and history", async () => {
  const fragments = {
    [`#${ID}.${WORDS}`]: { link: { id: ID, words: SPOKEN }, isBroken: false },
    "#AAAA.able-acid": { link: null, isBroken: true },
  };
  for (const [hash, arrived] of Object.entries(fragments)) {
    /** @type {unknown[][]} */
    const calls = [];
    Object.assign(globalThis, {
      location: { hash, pathname: "/parcel.html", search: "" }, history: { replaceState: (/** @type {unknown[]} */ ...parameters) => calls.push(parameters) },
    });
    // The module reads the address when it is loaded. Another query makes another module.
    const module = new URL(`../../webbridge/pages/parcels/page/arrived_link.js?${encodeURIComponent(hash)}`, import.meta.url);
    const { arrivedLink } = await import(module.href);
    assert.deepEqual([arrivedLink, calls], [arrived, [[null, "", "/parcel.html"]]]);
  }
});

test("names of files are safe for every file system", () => {
  const names = {
    "report.pdf": "report.pdf", "../../etc/passwd": "passwd", "C:\\Windows\\evil.exe": "evil.exe",
    "safe\u202efdp.exe": "safefdp.exe", "line\r\nbreak\x00.txt": "linebreak.txt", ".bashrc": "bashrc",
    "invoice.pdf. . ": "invoice.pdf", con: "_con", "LPT1.txt": "_LPT1.txt", "aux .tar.gz": "_aux .tar.gz",
    "COM\u00b9.log": "_COM\u00b9.log", "console.log": "console.log", "a<b>c:d|e?f*g.txt": "abcdefg.txt", "...": "Unnamed",
    "": "Unnamed", "e\u0301te\u0301.txt": "\u00e9t\u00e9.txt",
  };
  for (const [name, safe] of Object.entries(names)) assert.equal(safeFileName(name, "Unnamed"), safe, name);
});

test("long names keep their extension", () => {
  const [long, wide] = [safeFileName(`${"x".repeat(255)}.tar.gz`, ""), safeFileName(`${"印".repeat(80)}.docx`, "")];
  assert.deepEqual([long.length, long.slice(-3)], [200, ".gz"]);
  const bytes = Buffer.byteLength(wide);
  assert.ok(wide.endsWith("印.docx") && bytes > 195 && bytes <= 200, wide);
});

test("an error says what helps", () => {
  const remedies = {
    "wrong-secret": "words", "parcel-words-refused-unknown-word-3": "words", "parcel-words-refused-word-count": "words",
    "too-many-tries": "again", unreachable: "again", "store-unavailable": "again", expired: "sender", withdrawn: "sender",
    "parcel-damaged": "sender",
  };
  for (const [code, remedy] of Object.entries(remedies)) assert.equal(remedyFor({ code }), remedy, code);
});

test("limits that a server names are bounded", () => {
  assert.deepEqual(readLimits({ ...LIMITS, iterations: 600_000 }), LIMITS);
  const most = Number.MAX_SAFE_INTEGER;
  const immense = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, most]));
  assert.deepEqual(readLimits(immense), { maxBytes: most, wholeBytes: 1024 ** 2, maxDays: 90, maxRecipients: 50 });
  const wrong = [0, -1, 1.5, 2 ** 53, "1", null, [1]].map((wholeBytes) => ({ ...LIMITS, wholeBytes }));
  for (const limits of [...wrong, {}, null, "parcels"]) assert.equal(readLimits(/** @type {any} */ (limits)), null);
});

test("those who can read a mail get no parcel", () => {
  const people = ["ready", "password", "none", "unusable"].map((readiness) => ({ address: readiness, finding: { readiness } }));
  const recipients = /** @type {any} */ ({ open: [...people, { address: "unknown", finding: null }], hidden: people.slice(0, 1) });
  const obstacles = (/** @type {string[]} */ ...codes) => /** @type {any[]} */ (codes.map((code) => ({ code })));
  const addresses = (/** @type {{address: string}[]} */ some) => some.map(({ address }) => address);
  const parted = partPeople(obstacles("certificate-none"), recipients);
  assert.deepEqual(addresses(parted.open), ["none", "unusable", "unknown"]);
  assert.deepEqual([parted.hidden, parted.isTooLarge], [[], false]);
  assert.deepEqual(addresses(parted.others), ["ready", "password", "ready"]);
  const all = partPeople(obstacles("size"), recipients);
  assert.deepEqual([all.open.length, all.hidden.length, all.others], [5, 1, []]);
  const solved = [[], ["certificate-none"], ["certificate-none", "size"], ["certificate-none", "locked"], ["certificate-failed"]];
  assert.deepEqual(solved.map((codes) => areSolved(obstacles(...codes))), [false, true, true, false, false]);
});
