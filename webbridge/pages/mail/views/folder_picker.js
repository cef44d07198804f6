/** The dialog in which a person chooses a folder by typing part of its name. To move messages, the person can also make a folder with the typed name. */

import { createForm, html, inputField, openDialog, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { folderTitle, isolate } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../folder_answers.js").Folder} Folder */

/** The number of folders that are shown at once. To see other folders, the person types more of the name. */
const MAX_SHOWN = 200;

/**
 * @param {Catalogue} translate
 * @param {Folder[]} folders the folders that can be chosen
 * @param {{title: string, onChoose: (folder: Folder) => void, onMake?: (name: string) => void}} options `onMake` gets the name of a
 *   new folder; without `onMake`, none can be made
 */
export function pickFolder(translate, folders, { title, onChoose, onMake }) {
  const titleId = uniqueId("pick");
  const list = html("ul", { class: "pick-list", "aria-label": translate("folders"), data: { test: "pick-list" } });
  const more = html("p", { class: "note", role: "status" });
  const { element, input } = inputField(translate("pick_filter"), {
    type: "text", autocomplete: "off", data: { test: "pick-filter" }, on: { input: () => draw() },
  });
  /** @param {Folder} folder */
  const choose = (folder) => {
    dialog.close();
    onChoose(folder);
  };
  const make = () => {
    dialog.close();
    onMake?.(input.value.trim());
  };
  const mayMake = () => onMake !== undefined && isNewName(folders, input.value, translate);
  const draw = () => {
    const matches = findFolders(folders, input.value, translate);
    list.replaceChildren(...matches.slice(0, MAX_SHOWN).map((folder) => html("li", {}, html("button", {
      type: "button", class: "quiet pick", data: { test: "pick-folder", folder: folder.name }, on: { click: () => choose(folder) },
    }, html("span", { dir: "auto", class: "folder-name", text: folderTitle(folder, translate) })))));
    if (mayMake()) list.append(html("li", {}, html("button", {
      type: "button", class: "quiet pick", text: translate("pick_make", { folder: isolate(input.value.trim()) }), data: { test: "pick-make" }, on: { click: make },
    })));
    const hidden = matches.length - MAX_SHOWN;
    more.textContent = matches.length === 0 ? translate("pick_none") : hidden > 0 ? translate("pick_more", { count: hidden }) : "";
  };
  const submit = () => {
    const first = findFolders(folders, input.value, translate)[0];
    if (first) choose(first);
    else if (mayMake()) make();
  };
  const dialog = openDialog(
    { titleId, test: "pick-folder-dialog", isWide: false },
    html("h2", { id: titleId, text: title }), createForm({}, submit, element), more, list,
    html("div", { class: "actions" }, html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } })),
  );
  dialog.addEventListener("keydown", (event) => moveInList(event, [input, ...list.querySelectorAll("button")]));
  draw();
  input.focus();
}

/**
 * The folders whose names contain all the typed words. Names that begin with the text come first.
 * @param {Folder[]} folders
 * @param {string} typed
 * @param {Catalogue} translate
 */
function findFolders(folders, typed, translate) {
  const words = typed.toLowerCase().split(/\s/u).filter(Boolean);
  const named = folders.map((folder) => ({ folder, text: `${folderTitle(folder, translate)} ${folder.name}`.toLowerCase() }));
  const matches = named.filter(({ text }) => words.every((word) => text.includes(word)));
  const begins = (/** @type {string} */ text) => Number(!text.startsWith(words[0] ?? ""));
  return matches.sort((one, other) => begins(one.text) - begins(other.text)).map(({ folder }) => folder);
}

/** Whether the typed name is a name that no folder has. @param {Folder[]} folders @param {string} typed @param {Catalogue} translate */
function isNewName(folders, typed, translate) {
  const name = typed.trim();
  return name !== "" && !folders.some((folder) => [folder.name, folderTitle(folder, translate)].includes(name));
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} stops */
function moveInList(event, stops) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (step === 0 || at < 0) return;
  event.preventDefault();
  stops[Math.min(Math.max(at + step, 0), stops.length - 1)]?.focus();
}
