/**
 * Tests whose inputs and expected outputs come from Python, from the core or the bridge. A test of pytest writes them to
 * a file and runs the file of tests here. `VECTORS` is the path of a JSON object: values by the names of tests.
 */
import { readFileSync } from "node:fs";
import { test } from "node:test";

const path = process.env.VECTORS;
if (!path) throw new Error("This file is run by pytest, which writes its vectors: see tests/support/node_tests.py");
/** @type {Record<string, any>} */
const vectors = JSON.parse(readFileSync(path, "utf8"));
const left = new Set(Object.keys(vectors));

/**
 * A test for which pytest has written vectors. Without vectors it is left out.
 * @param {string} name @param {(given: any) => unknown} run
 */
export function testWith(name, run) {
  if (left.delete(name)) test(name, () => run(vectors[name]));
}

process.on("exit", () => {
  for (const name of left) console.error(`no test has the name ${name}`);
  if (left.size > 0) process.exitCode = 1;
});
