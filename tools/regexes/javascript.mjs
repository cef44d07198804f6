/**
 * Judges every regular expression of JavaScript files by recheck: literals, and calls of `RegExp` with constants.
 *
 * Reads a JSON array of file names from standard input. Prints one JSON line for each expression:
 * {file, line, source, flags, verdict, why}. The verdict is `safe`, `vulnerable`, `unknown`, or `built` for an
 * expression that is made at run time from other values than constants. A file that cannot be parsed ends the program
 * with an error.
 */

import { readFileSync } from "node:fs";
import { parse } from "acorn";
// The backend in pure JavaScript: the same on every machine, without Java and without a native program.
import recheck from "recheck/lib/browser.js";

// Milliseconds of elapsed time, long enough for a busy machine: a check that outlasts `timeout` is "unknown", and an
// attack that outlasts its phase counts as "vulnerable". With linear expressions, recheck reaches its own limits on
// steps long before.
const LIMITS = { timeout: 120_000, seedingTimeout: 10_000, incubationTimeout: 10_000, attackTimeout: 10_000 };

/** @type {{ file: string, line: number, source: string, flags: string, built: boolean }[]} */
const found = [];
for (const file of JSON.parse(readFileSync(0, "utf8"))) {
  collect(file, parse(readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module", locations: true,
    allowHashBang: true, allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true }));
}
/** @type {Map<string, { verdict: string, why: string }>} */
const judged = new Map();
for (const one of found) {
  console.log(JSON.stringify({ ...one, ...(one.built ? { verdict: "built", why: "made at run time" } : judge(one)) }));
}

/**
 * Add the expressions of one syntax tree to `found`. A name that a top-level `const` binds has the value bound to it.
 *
 * @param {string} file
 * @param {any} tree
 */
function collect(file, tree) {
  /** @type {Map<string, any>} */
  const constants = new Map();
  for (const statement of tree.body) {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "const") continue;
    for (const { id, init } of declaration.declarations) if (id.type === "Identifier" && init) constants.set(id.name, init);
  }
  visit(tree, (node) => {
    const line = node.loc?.start.line;
    if (node.type === "Literal" && node.regex) {
      found.push({ file, line, source: node.regex.pattern, flags: node.regex.flags, built: false });
    }
    const isMade = (node.type === "NewExpression" || node.type === "CallExpression") && node.callee.name === "RegExp";
    // `match`, `matchAll` and `search` of a string make an expression of a string argument.
    const isImplied = node.type === "CallExpression" && ["match", "matchAll", "search"].includes(node.callee.property?.name)
      && (node.arguments[0]?.type === "TemplateLiteral" || typeof node.arguments[0]?.value === "string");
    if (!isMade && !isImplied) return;
    const source = fold(node.arguments[0], constants);
    const flags = node.arguments[1] ? fold(node.arguments[1], constants) : "";
    const built = source === null || flags === null;
    found.push({ file, line, source: source ?? text(file, node), flags: flags ?? "", built });
  });
}

/**
 * The string to which an expression of constants evaluates, or null.
 *
 * @param {any} node
 * @param {Map<string, any>} constants
 * @returns {string | null}
 */
function fold(node, constants) {
  switch (node?.type) {
    case "Literal":
      return node.regex ? node.regex.pattern : typeof node.value === "string" ? node.value : null;
    case "TemplateLiteral": {
      const values = node.expressions.map((/** @type {any} */ one) => fold(one, constants));
      if (values.includes(null)) return null;
      return node.quasis.map((/** @type {any} */ one, /** @type {number} */ index) => one.value.cooked + (values[index] ?? "")).join("");
    }
    case "BinaryExpression": {
      const [left, right] = [fold(node.left, constants), fold(node.right, constants)];
      return node.operator === "+" && left !== null && right !== null ? left + right : null;
    }
    case "Identifier":
      return constants.has(node.name) ? fold(constants.get(node.name), constants) : null;
    case "MemberExpression":
      return node.property.name === "source" ? fold(node.object, constants) : null;
    case "TaggedTemplateExpression":
      return node.tag.object?.name === "String" && node.tag.property?.name === "raw" && node.quasi.expressions.length === 0
        ? node.quasi.quasis[0].value.raw : null;
    default:
      return null;
  }
}

/**
 * @param {any} node
 * @param {(node: any) => void} look
 */
function visit(node, look) {
  if (Array.isArray(node)) return node.forEach((one) => visit(one, look));
  if (node === null || typeof node !== "object" || node instanceof RegExp) return undefined;
  if (typeof node.type === "string") look(node);
  for (const [key, value] of Object.entries(node)) if (key !== "loc") visit(value, look);
  return undefined;
}

/**
 * @param {string} file
 * @param {{ start: number, end: number }} node
 */
function text(file, node) {
  return readFileSync(file, "utf8").slice(node.start, node.end);
}

/**
 * @param {{ source: string, flags: string }} expression
 * @returns {{ verdict: string, why: string }}
 */
function judge({ source, flags }) {
  const key = `${flags}/${source}`;
  let verdict = judged.get(key);
  if (verdict === undefined) {
    const answer = recheck.checkSync(source, flags, LIMITS);
    const why = answer.status === "vulnerable" ? `${answer.complexity.summary}: ${answer.attack.pattern}`
      : answer.status === "unknown" ? JSON.stringify(answer.error) : "";
    verdict = { verdict: answer.status, why };
    judged.set(key, verdict);
  }
  return verdict;
}
