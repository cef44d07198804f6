/** The offer to store the keys of the unlocked file on the key server, so that another device needs no file. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { saveFile } from "../../../../wasm_build/ui/attachments.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/**
 * @typedef {{
 *   translate: Catalogue, keyFiles: import("../key_files.js").KeyFiles, announce: Announce, navigate: Navigate,
 *   hasDraft: () => boolean, mailPath: () => string, attempt: Attempt, api: import("../../app/api.js").BridgeApi,
 * }} EnrolServices
 */

/** @param {EnrolServices} services */
export function createEnrolOffer(services) {
  const { translate } = services;
  const failure = problem("enrol-error");
  const keep = html("button", {
    class: "primary", type: "button", text: translate("keep_on_server"), data: { test: "enrol" },
    on: {
      click: () => void services.attempt(keep, translate("encrypting"), failure, async () => {
        await services.keyFiles.enrol(services.api);
        services.announce(translate("kept_on_server"));
        services.navigate(services.hasDraft() ? "/write" : services.mailPath());
      }),
    },
  });
  const save = html("button", {
    type: "button", text: translate("save_as_file"), data: { test: "save-key-file" },
    on: {
      click: () => {
        const { offeredFile } = services.keyFiles;
        if (offeredFile) saveFile("sealwax-keys.p12", offeredFile);
      },
    },
  });
  const decline = html("button", {
    type: "button", text: translate("not_now"), data: { test: "enrol-decline" },
    on: { click: () => services.keyFiles.dismissOffer() },
  });
  return html(
    "section",
    { class: "offer stack", "aria-labelledby": "offer-title" },
    html("h2", { id: "offer-title", text: translate("keep_on_server_question") }),
    html("p", { text: translate("keep_on_server_meaning") }),
    failure,
    html("div", { class: "actions" }, keep, save, decline),
  );
}
