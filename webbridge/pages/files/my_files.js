/**
 * The content of the view "My files": the folders and files that a person keeps for themselves.
 *
 * This is a separate script, which `my_files_view.js` loads when the view is first shown. The pages give this script the
 * functions that must exist only once in a document: for questions, dialogs, unique ids, and addresses of scripts.
 */

import { FilesView } from "./files_view.js";
import { Keeper } from "./keeper.js";

/**
 * @typedef {Pick<typeof import("../../../wasm_build/ui/ask.js"), "ask">
 *   & Pick<typeof import("../../../wasm_build/ui/dom.js"), "createForm" | "inputField" | "openDialog" | "problem" | "uniqueId" | "whileBusy">
 *   & Pick<typeof import("../mail/views/folder_picker.js"), "pickFolder">
 *   & Pick<typeof import("../../../wasm_build/vault/owner/trusted_scripts.js"), "saveWorkerUrl">} Parts
 */
/** @typedef {import("./keeper.js").KeeperServices} KeeperServices */
/** @typedef {import("./file_errors.js").FileErrorServices} FileErrorServices */
/** @typedef {import("../app/services.js").Announce} Announce */
/** @typedef {{announceHere: Announce} & KeeperServices & FileErrorServices} FilesServices */
/**
 * @typedef {{services: FilesServices, parts: Parts, limits: {wholeBytes: number}}} Given the things that the pages give the
 * content
 */
/** @typedef {{createContent: (given: Given) => {element: HTMLElement, close: () => void}}} MyFiles */

/** The files of the account. Their uploads go on while another view is shown. @type {Keeper | null} */
let keeper = null;

/** @type {MyFiles["createContent"]} */
function createContent(given) {
  if (!keeper?.isUsable(given.services)) keeper = new Keeper(given.services, given.limits);
  return new FilesView(given, keeper);
}

/** @type {MyFiles} */
const content = { createContent };
Object.assign(globalThis, { sealwaxMyFiles: content });
