/** The owner of the vault opens every secret of the verbs that it passes on. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { VERBS } from "../../wasm_build/vault/schema.js";

const read = (/** @type {string} */ name) => readFileSync(new URL(`../../browser_ext/vault_home/${name}`, import.meta.url), "utf8");

/** @param {string} text @param {string} first @param {string} last */
function between(text, first, last) {
  const start = text.indexOf(first);
  assert.notEqual(start, -1);
  return text.slice(start, text.indexOf(last, start));
}

test("every secret that comes encrypted has its purpose", () => {
  const purposes = between(read("vault_access.js"), "PURPOSES = new Map([", "]);");
  const opened = new Set([...purposes.matchAll(/\["(\w+)"/gu)].map(([, name]) => name));
  const list = between(read("vault_owner.js"), "FORWARDED_VERBS = ", "]);");
  const forwarded = [...list.matchAll(/"([a-z]+\.[a-z]+)"/gu)].map(([, verb]) => verb);
  assert.ok(opened.has("sealKey") && forwarded.includes("roaming.rotate"));
  /** @type {Record<string, Record<string, unknown>>} */
  const verbs = VERBS;
  const closed = [...forwarded, "roaming.answer"].flatMap((verb) => Object.entries(verbs[verb])
    .filter(([name, kind]) => kind === "secret" && !opened.has(name.replace("?", ""))).map(([name]) => `${verb} ${name}`));
  assert.deepEqual(closed, []);
});
