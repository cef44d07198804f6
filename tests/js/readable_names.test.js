/** The names of authorities for people: without the labels of a distinguished name. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { holderText, readableName } from "../../wasm_build/ui/shown_names.js";

test("a distinguished name is shown by its common name, or else by its organisation", () => {
  for (const [whole, name] of [
    ["CN=Example CA, O=Example", "Example CA"],
    ["C=DE, O=Example, Inc., CN=Example CA", "Example CA"],
    ["CN=Miller, Alice, O=Example", "Miller, Alice"],
    ["CN=Foo,Bar, 2.5.4.97=NTRDE-1", "Foo,Bar"],
    ["OU=Ward 3, O=Example", "Example"],
    ["OU=Ward 3", "OU=Ward 3"],
    ["", ""],
    ["CN=\u202ealice\u202c\nCA", "alice CA"],
  ]) assert.equal(readableName(String(whole)), name);
});

test("a name that could be taken for an address keeps the labels around it", () => {
  assert.equal(readableName("CN=boss@bank.example, O=Example"), "CN=boss@bank.example, O=Example");
});

test("a long name is cut, and reading it takes no time", () => {
  const before = performance.now();
  assert.equal([...readableName(`CN=${"a, ".repeat(300_000)}`)].length, 101);
  assert.equal([...readableName(`CN=${",".repeat(900)}, O=x`)].length, 101);
  assert.ok(performance.now() - before < 1_000);
});

test("the holder of a certificate without an address is named without labels", () => {
  assert.equal(holderText({ addresses: [], name: "Reception" }), "Reception");
  assert.equal(holderText({ addresses: ["a@b.test"], name: "Alice" }), "a@b.test");
  assert.equal(holderText({ addresses: [], name: "boss@bank.example" }), "?");
});
