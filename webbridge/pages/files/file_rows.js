/** The rows of folders and files. The buttons for rare acts are made when the person opens them. */

import { html, svg } from "../../../wasm_build/ui/dom.js";
import { dayOnly, isolate, size } from "../../../wasm_build/ui/formats.js";
import { lastName } from "./file_tree.js";

/** @typedef {import("./my_files.js").Given} Given */
/** @typedef {import("./file_tree.js").KeptEntry} KeptEntry */
/** @typedef {{rename: () => void, move: () => void, remove: () => void}} Acts */

/**
 * @param {Given} given
 * @param {string} path
 * @param {Acts & {open: () => void}} acts
 */
export function createFolderRow(given, path, { open, ...acts }) {
  const { translate } = given.services;
  const name = lastName(path);
  const button = html(
    "button", { type: "button", class: "quiet kept-open", "aria-label": translate("my_files_open_named", { name }), data: { test: "folder-open" }, on: { click: open } },
    svg("svg", { viewBox: "0 0 24 24", class: "kept-mark", "aria-hidden": "true" }, svg("path", { d: "M3 6h6l2 2h10v11H3z" })),
    html("bdi", { class: "attachment-name", text: name }),
  );
  return createRow(given, name, { words: button, buttons: [], acts, test: "kept-folder" });
}

/**
 * @param {Given} given
 * @param {KeptEntry} entry
 * @param {Acts & {save: (row: HTMLElement, button: HTMLButtonElement) => void}} acts
 * @param {{withFolder: boolean}} options
 */
export function createFileRow(given, { name, bytes, added, folder }, { save, ...acts }, { withFolder }) {
  const { translate } = given.services;
  const facts = [size(bytes), dayOnly(added), ...(withFolder && folder ? [translate("my_files_in", { folder: isolate(folder) })] : [])];
  const words = html(
    "span", { class: "attachment-words" }, html("bdi", { class: "attachment-name", text: name }),
    html("span", { class: "attachment-facts", text: facts.join(" · ") }),
  );
  const button = html("button", {
    type: "button", text: translate("save"), "aria-label": translate("save_named", { name }), data: { test: "file-save" },
    on: { click: () => save(row, button) },
  });
  const row = createRow(given, name, { words, buttons: [button], acts, test: "kept-file" });
  return row;
}

/**
 * @param {Given} given @param {string} name
 * @param {{words: HTMLElement, buttons: HTMLElement[], acts: Acts, test: string}} options
 */
function createRow({ services: { translate }, parts }, name, { words, buttons, acts, test }) {
  const barId = parts.uniqueId("acts");
  /** @type {HTMLElement | null} */
  let bar = null;
  const more = html("button", {
    type: "button", class: "quiet", text: translate("acts_more"), "aria-label": translate("my_files_more_named", { name }), "aria-expanded": "false",
    "aria-controls": barId, data: { test: "file-more" },
    on: {
      click: () => {
        bar ??= createBar(translate, barId, acts);
        if (bar.isConnected) bar.remove();
        else row.append(bar);
        more.setAttribute("aria-expanded", String(bar.isConnected));
      },
    },
  });
  const row = html("li", { class: "attachment kept-file", data: { test, name } }, words, html("span", { class: "kept-buttons" }, ...buttons, more));
  return row;
}

/** @param {Given["services"]["translate"]} translate @param {string} id @param {Acts} acts */
function createBar(translate, id, { rename, move, remove }) {
  const button = (/** @type {string} */ key, /** @type {() => void} */ act) => html("button", {
    type: "button", text: translate(`my_files_${key}`), data: { test: `file-${key}` }, on: { click: act },
  });
  return html("div", { class: "actions kept-acts", id }, button("rename", rename), button("move", move), button("delete", remove));
}
