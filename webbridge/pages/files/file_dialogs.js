/** The dialogs about folders and files: a name, another folder, and the question before something is deleted. */

import { html } from "../../../wasm_build/ui/dom.js";
import { isolate } from "../../../wasm_build/ui/formats.js";
import { allFolders, isTaken, nameProblem, parentOf } from "./file_tree.js";

/** @typedef {import("./my_files.js").Given} Given */
/** @typedef {import("./file_tree.js").Content} Content */

/**
 * Asks for a name.
 * @param {Given} given
 * @param {{
 *   title: string, label: string, go: string, value?: string, content: Content, folder: string, onName: (name: string) => void,
 * }} options `folder` is the folder in which the name must be free
 */
export function askName({ services: { translate }, parts }, { title, label, go, value = "", content, folder, onName }) {
  const titleId = parts.uniqueId("name");
  const failure = parts.problem("file-name-error");
  const failureId = parts.uniqueId("name-error");
  failure.id = failureId;
  const { element, input } = parts.inputField(label, {
    type: "text", value, autocomplete: "off", spellcheck: "false", dir: "auto", "aria-errormessage": failureId, data: { test: "file-name" },
  });
  const refuse = (/** @type {string} */ why) => {
    failure.textContent = translate(`my_files_name_${why}`);
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  const submit = () => {
    const name = input.value.trim().normalize("NFC");
    const why = nameProblem(name);
    if (why) return refuse(why);
    if (name !== value && isTaken(content, folder, name)) return refuse("taken");
    dialog.close();
    if (name !== value) onName(name);
  };
  const dialog = parts.openDialog(
    { titleId, test: "file-name-dialog", isWide: false },
    html("h2", { id: titleId, text: title }),
    parts.createForm({ class: "stack" }, submit, element, failure, html(
      "div", { class: "actions" },
      html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } }),
      html("button", { class: "primary", text: go, data: { test: "file-name-go" } }),
    )),
  );
  input.focus();
  // The extension of the name is not selected, so that it stays unless the person changes it.
  const point = value.lastIndexOf(".");
  input.setSelectionRange(0, point > 0 ? point : value.length);
}

/**
 * Asks for the folder into which something is moved.
 * @param {Given} given
 * @param {{title: string, content: Content, from: string, moved: string | null, onFolder: (path: string) => void}} options `from` is
 *   the present folder, `moved` the path of a moved folder
 */
export function askFolder({ services: { translate }, parts }, { title, content, from, moved, onFolder }) {
  const isInside = (/** @type {string} */ path) => moved !== null && (path === moved || path.startsWith(`${moved}/`));
  const folders = ["", ...allFolders(content)].filter((path) => path !== from && !isInside(path))
    .map((path) => ({ id: path, name: path || translate("my_files_top"), role: null }));
  parts.pickFolder(translate, /** @type {any} */ (folders), { title, onChoose: ({ id }) => onFolder(id) });
}

/**
 * @param {Given} given
 * @param {{name: string, count: number | null, onGo: () => void}} options `count` is the number of files in a folder
 */
export function askDelete({ services: { translate }, parts }, { name, count, onGo }) {
  parts.ask({
    title: translate("my_files_delete_question", { name: isolate(name) }),
    meaning: count === null ? translate("my_files_delete_meaning") : translate("my_files_delete_folder_meaning", { count }),
    keep: translate("cancel"), go: translate("delete"), test: "file-delete-go", isDanger: true, onGo,
  });
}

/** The folders from the top to this one. @param {string} path @returns {string[]} */
export function pathsTo(path) {
  return path === "" ? [""] : [...pathsTo(parentOf(path)), path];
}
