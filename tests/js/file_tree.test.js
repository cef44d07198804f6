/** The folders and files that the index of kept files names: changes of them, names, and texts that are no index. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addFile, addFolder, findFiles, listFolder, moveFile, moveFolder, NOTHING, readContent, removeFile, removeFolder, writeContent,
} from "../../webbridge/pages/files/file_tree.js";

/** @typedef {typeof NOTHING} Content */
/** @typedef {(known: Content) => Content} Change */

const OF = { account: "alice@sealwax.test", number: 3 };
const DAY = "2026-11-20T12:00:00.000Z";

/** @param {number} number */
const idOf = (number) => `${String(number).padStart(21, "0")}A`;

/** @param {number} number @param {string} [name] @param {string} [folder] */
function entry(number, name = "a.txt", folder = "") {
  return { id: idOf(number), folder, name, bytes: 5, added: DAY };
}

/** @param {number} number @param {string} [name] @param {string} [folder] */
const add = (number, name, folder) => addFile(entry(number, name, folder));

/** @param {Change[]} changes @param {Content} [known] */
const after = (changes, known = NOTHING) => changes.reduce((content, change) => change(content), known);

/** @param {Content} content */
const places = ({ files }) => files.map(({ folder, name }) => `${folder}/${name}`).sort();

/** @param {Content} content */
const folders = (content) => [...content.folders].sort();

test("files of one name are numbered before their extension", () => {
  const content = after([add(1), add(2), add(3, "a.txt", "x"), add(2, "again")]);
  assert.deepEqual(places(content), ["/a (2).txt", "/a.txt", "x/a.txt"]);
  assert.deepEqual(folders(content), ["x"]);
});

test("a long name stays within its bytes when it is numbered", () => {
  const name = `${"ä".repeat(125)}.txt`;
  const content = after([add(1, name), add(2, name)]);
  assert.equal(content.files[1]?.name, `${"ä".repeat(123)} (2).txt`);
  assert.deepEqual(readContent(writeContent(content, OF), OF), content);
});

test("a folder moves with all that is in it", () => {
  const content = after([add(1, "a", "x/y"), add(2, "b", "x"), addFolder("z"), moveFolder("x", "z/new")]);
  assert.deepEqual(places(content), ["z/new/b", "z/new/y/a"]);
  assert.deepEqual(folders(content), ["z", "z/new", "z/new/y"]);
});

test("a folder does not move into itself", () => {
  const content = after([add(1, "a", "x"), moveFolder("x", "x/inside"), moveFolder("x", "x"), moveFolder("y", "z")]);
  assert.deepEqual(places(content), ["x/a"]);
});

/** Removes a folder as it is seen at that moment. @param {string} path @returns {Change} */
const removeSeen = (path) => (content) => removeFolder(path, content)(content);

test("a folder whose name begins like another is another", () => {
  assert.deepEqual(places(after([add(1, "a", "work"), add(2, "b", "workshop"), removeSeen("work")])), ["workshop/b"]);
});

test("two folders that become one keep all files", () => {
  assert.deepEqual(places(after([add(1, "a", "x"), add(2, "a", "y"), moveFolder("x", "y")])), ["y/a", "y/a (2)"]);
});

test("a change of what is gone does nothing", () => {
  const gone = [moveFile(idOf(9), { name: "x" }), removeFile(idOf(9)), removeSeen("x")];
  assert.deepEqual(after([add(1), ...gone]), after([add(1)]));
});

const BASE = after([add(1, "a", "x"), add(2, "b", "x/y"), add(3, "c", "z"), add(4, "d"), addFolder("x/empty")]);

/** Each change with the folder that it removes, and the file. @type {{change: Change, folder?: string, file?: string}[]} */
const EVERY_CHANGE = [
  ...["", "x", "x/y", "x/y/deep", "z", "q"].map((folder) => ({ change: add(9, "new", folder) })),
  ...["x/y/made", "x/empty/made", "q"].map((path) => ({ change: addFolder(path) })),
  ...[1, 3, 4].flatMap((number) => ["", "x", "x/y", "z", "q"].map((folder) => ({ change: moveFile(idOf(number), { folder }) }))),
  ...[1, 2, 4].map((number) => ({ change: moveFile(idOf(number), { name: "renamed" }) })),
  ...[["x", "q"], ["x/y", "z/y"], ["z", "x/z"], ["x/y", "x/q"]].map(([from, to]) => ({ change: moveFolder(String(from), String(to)) })),
  ...[1, 3].map((number) => ({ change: removeFile(idOf(number)), file: idOf(number) })),
  // The person sees `BASE` when they decide.
  ...["x", "x/y", "z", "x/empty"].map((folder) => ({ change: removeFolder(folder, BASE), folder })),
];

test("a folder is removed with what was seen in it only", () => {
  const stored = [add(9, "new", "x/y"), moveFile(idOf(4), { folder: "x" }), addFolder("x/made")].map((change) => change(BASE));
  // A change of ours that was refused, because another device was faster, is made again on the content that this has stored.
  const trees = stored.map(removeFolder("x", BASE));
  assert.deepEqual(trees.map(places), [["/d", "x/y/new", "z/c"], ["x/d", "z/c"], ["/d", "z/c"]]);
  assert.deepEqual(trees.map(folders), [["x", "x/y", "z"], ["x", "z"], ["x", "x/made", "z"]]);
});

// Only a file that the person saw where they delete it, or chose to delete, is gone afterwards.
test("no change that is repeated loses what another device has put somewhere", () => {
  const before = new Map(BASE.files.map(({ id, folder }) => [id, folder]));
  EVERY_CHANGE.forEach((theirs, first) => {
    const stored = theirs.change(BASE);
    EVERY_CHANGE.forEach((ours, second) => {
      const repeated = ours.change(stored);
      const left = new Set(repeated.files.map(({ id }) => id));
      for (const file of stored.files) {
        const isSeenThere = [before.get(file.id) ?? "", file.folder].every((path) => ours.folder !== undefined && path.startsWith(ours.folder));
        if (!isSeenThere && ours.file !== file.id) assert.ok(left.has(file.id), `${first} ${second} ${file.name}`);
      }
      for (const { folder } of repeated.files) assert.ok(["", ...repeated.folders].includes(folder), `${first} ${second}`);
      if (ours.folder === undefined) return;
      const addedFolders = stored.folders.filter((path) => !BASE.folders.includes(path));
      for (const path of addedFolders) assert.ok(repeated.folders.includes(path), `${first} ${second} ${path}`);
    });
  });
});

test("a file is moved renamed and removed", () => {
  const content = after([add(1), add(2, "b"), moveFile(idOf(1), { folder: "x", name: "c" }), removeFile(idOf(2))]);
  assert.deepEqual(places(content), ["x/c"]);
  assert.deepEqual(listFolder(content, ""), { folders: ["x"], files: [] });
});

test("folders end somewhere", () => {
  const deep = (/** @type {string} */ letter, /** @type {number} */ count) => Array(count).fill(letter).join("/");
  assert.throws(() => after([addFolder(deep("x", 21))]), { code: "files-too-deep" });
  const inside = after([addFolder(deep("x", 15)), addFolder(`y/${deep("y", 8)}`)]);
  assert.throws(() => moveFolder("y", `${deep("x", 15)}/y`)(inside), { code: "files-too-deep" });
});

test("files are found by all words in all folders", () => {
  const content = after([add(1, "Annual report 2.pdf", "x"), add(2, "report 10.pdf"), add(3, "other")]);
  assert.deepEqual(findFiles(content, "REPORT pdf").map(({ name }) => name), ["Annual report 2.pdf", "report 10.pdf"]);
});

test("a text that is no index is refused", () => {
  const good = { version: "sealwax-files-1", ...OF, folders: ["x"], files: [entry(1, "a.txt", "x/y")] };
  assert.deepEqual(folders(readContent(JSON.stringify(good), OF)), ["x", "x/y"]);
  const wrong = [
    { version: "sealwax-files-2" }, { account: "bob@sealwax.test" }, { number: 2 }, { folders: null }, { folders: [""] },
    { folders: ["a//b"] }, { folders: ["../a"] }, { folders: [1] }, { files: {} }, { files: [{ ...entry(1), id: "short" }] },
    { files: [{ ...entry(1), name: "a/b" }] }, { files: [{ ...entry(1), folder: "/a" }] }, { files: [{ ...entry(1), bytes: -1 }] },
    { files: [{ ...entry(1), bytes: "5" }] }, { files: [{ ...entry(1), added: "yesterday" }] }, { files: [null] },
  ];
  for (const change of wrong) {
    assert.throws(() => readContent(JSON.stringify({ ...good, ...change }), OF), { code: "files-damaged" }, JSON.stringify(change));
  }
});

test("a text that is no object is refused", () => {
  for (const text of ["", "null", "[]", "1", "{"]) assert.throws(() => readContent(text, OF), { code: "files-damaged" }, text);
});
