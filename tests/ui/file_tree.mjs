// Prints what the folders and files of a person are after changes, and what is made of names and of texts of an index.
import {
  addFile, addFolder, asName, findFiles, listFolder, moveFile, moveFolder, nameProblem, NOTHING, readContent, removeFile, removeFolder, writeContent,
} from "../../webbridge/pages/my_files/file_tree.js";

const { changes, theirs, ours, names, texts, of, find } = JSON.parse(process.argv[2]);
/** The person sees `shown` when they decide. */
const CHANGES = {
  addFile, addFolder, moveFile, moveFolder, removeFile, removeFolder: (/** @type {string} */ path, _, shown) => removeFolder(path, shown),
};
const make = ([name, one, other], shown) => CHANGES[name](one, other, shown);
const attempt = (/** @type {() => unknown} */ act) => {
  try {
    return act();
  } catch (error) {
    return error.code ?? String(error);
  }
};
const content = attempt(() => changes.reduce((known, change) => make(change, known)(known), NOTHING));
// A change of ours that was refused, because another device was faster, is made again on what that has stored.
const stored = theirs.map((change) => attempt(() => make(change, content)(content)));
const repeated = stored.map((known) => ours.map((change) => attempt(() => make(change, content)(known))));
console.log(JSON.stringify({
  content, stored, repeated,
  top: content.files ? listFolder(content, "") : null,
  found: content.files ? findFiles(content, find).map(({ name }) => name) : null,
  again: content.files ? attempt(() => readContent(writeContent(content, of), of)) : null,
  problems: names.map(nameProblem),
  cleaned: names.map((name) => asName(name, "unnamed")),
  texts: texts.map((text) => attempt(() => readContent(text, of))),
}));
