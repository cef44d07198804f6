/** The view "My files". */

import { createForm, inputField, openDialog, problem, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { MY_FILES_INTEGRITY } from "../../../../wasm_build/vault/owner/pinned.js";
import { myFilesUrl, saveWorkerUrl } from "../../../../wasm_build/vault/owner/trusted_scripts.js";
import { lateScript } from "../../app/late_script.js";
import { pickFolder } from "../../mail/views/folder_picker.js";
import { createLateView } from "../../app/views/late_view.js";

/** @typedef {import("../../app/views/late_view.js").LateViewServices} LateViewServices */
/** @typedef {import("../my_files.js").FilesServices} FilesServices */
/** @typedef {import("../my_files.js").MyFiles} MyFiles */

const load = lateScript(myFilesUrl, MY_FILES_INTEGRITY);
const PARTS = { ask, createForm, inputField, openDialog, pickFolder, problem, saveWorkerUrl, uniqueId, whileBusy };

/**
 * @param {FilesServices & LateViewServices} services with unlocked keys
 * @param {{wholeBytes: number}} limits those of the bridge
 */
export function createMyFilesView(services, limits) {
  const create = () => {
    const { sealwaxMyFiles } = /** @type {{sealwaxMyFiles: MyFiles}} */ (/** @type {unknown} */ (globalThis));
    return sealwaxMyFiles.createContent({ services, parts: PARTS, limits });
  };
  const meaning = services.translate("my_files_meaning");
  return createLateView(services, { name: "my-files", titleKey: "my_files_title", meaning, load, create });
}
