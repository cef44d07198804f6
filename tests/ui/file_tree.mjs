// Prints what the folders and files of a person are after changes, and what is made of names and of texts of an index.
import {
  addFile, addFolder, asName, findFiles, listFolder, moveFile, moveFolder, nameProblem, NOTHING, readContent, removeFile, removeFolder, writeContent,
} from "../../webbridge/pages/my_files/file_tree.js";

const CHANGES = { addFile, addFolder, moveFile, moveFolder, removeFile, removeFolder };
const { changes, names, texts, of, find } = JSON.parse(process.argv[2]);
const attempt = (/** @type {() => unknown} */ act) => {
  try {
    return act();
  } catch (error) {
    return error.code ?? String(error);
  }
};
const content = attempt(() => changes.reduce((known, [name, ...given]) => CHANGES[name](...given)(known), NOTHING));
console.log(JSON.stringify({
  content,
  top: content.files ? listFolder(content, "") : null,
  found: content.files ? findFiles(content, find).map(({ name }) => name) : null,
  again: content.files ? attempt(() => readContent(writeContent(content, of), of)) : null,
  problems: names.map(nameProblem),
  cleaned: names.map((name) => asName(name, "unnamed")),
  texts: texts.map((text) => attempt(() => readContent(text, of))),
}));
