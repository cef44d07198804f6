/** Writes as JSON what `tools/shape/sources.py` counts in JavaScript: `node tools/shape/scripts.mjs FILE...` */

import { readFileSync } from "node:fs";
import { parse } from "acorn";

/** @param {string} path */
function describe(path) {
  /** @type {import("acorn").Token[]} */
  const tokens = [];
  /** @type {import("acorn").Comment[]} */
  const comments = [];
  const program = parse(readFileSync(path, "utf8"), {
    ecmaVersion: "latest", sourceType: "module", allowHashBang: true, allowReturnOutsideFunction: true, locations: true, onToken: tokens, onComment: comments,
  });
  const codeLines = new Set();
  for (const { loc } of tokens) {
    for (let line = loc?.start.line ?? 0; line <= (loc?.end.line ?? 0); line++) codeLines.add(line);
  }
  const nodes = [...walk(program)];
  const imports = nodes.filter(({ type }) => /^(Import|Export)/u.test(type)).flatMap(({ source }) => source?.value ?? []);
  const functions = nodes.filter(({ type }) => /Function/u.test(type)).map(({ loc }) => loc.end.line - loc.start.line + 1);
  const classes = nodes.filter(({ type }) => /^Class(Declaration|Expression)$/u.test(type)).map(({ loc }) => loc.end.line - loc.start.line + 1);
  const statements = nodes.filter(({ type }) => /(Statement|Declaration)$/u.test(type) && !/^(Block|Empty)/u.test(type)).length;
  const remarks = comments.map(({ value, loc, type }) => ({ text: value, line: loc?.start.line, last: loc?.end.line, isBlock: type === "Block" }));
  return { path, codeLines: codeLines.size, comments: remarks, functions, classes, imports, statements };
}

/** @param {any} node @returns {Generator<any>} */
function* walk(node) {
  if (typeof node?.type === "string") yield node;
  for (const value of Object.values(node ?? {})) {
    if (typeof value === "object") yield* walk(value);
  }
}

process.stdout.write(JSON.stringify(process.argv.slice(2).map(describe)));
