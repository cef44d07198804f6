/** The panes beside the open message: the folders and links to other views, and the list with its tools. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { folderPath, followAgain, INBOX } from "../../app/routes.js";
import { openFolderSettings } from "./folder_list.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../folder_answers.js").Folder} Folder */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("../../parcels/parcel_requests.js").ParcelLimits} ParcelLimits */
/** @typedef {{translate: Catalogue, navigate: Navigate, parcels: ParcelLimits | null}} PaneServices */

/** @param {PaneServices} services @param {HTMLElement[]} folders the links to the folders, and the note about a failure */
export function createFolderPane(services, folders) {
  const { translate, parcels } = services;
  const link = (/** @type {string} */ href, /** @type {string} */ key, /** @type {string} */ test, kind = "folder") =>
    html("a", { class: kind, href, text: translate(key), data: { test } });
  return html(
    "nav",
    {
      class: "folders", "aria-label": translate("folders"),
      // On a phone, a press on the shown folder hides the folders.
      on: { click: (event) => followAgain(event, (path) => services.navigate(path)) },
    },
    ...folders,
    link("#/people", "people_title", "people-link", "folder people-link"),
    parcels && link("#/parcels", "sent_parcels", "parcels-link"),
    parcels?.maxKeptFiles ? link("#/files", "my_files_title", "files-link") : null,
    link("#/account", "account_title", "account-link"),
  );
}

/**
 * @param {Catalogue} translate
 * @param {{heading: HTMLElement, onRefresh: () => void, tools: HTMLElement[], content: HTMLElement[]}} parts `onRefresh`
 *   asks the bridge for new mail
 */
export function createListPane(translate, { heading, onRefresh, tools, content }) {
  return html(
    "section", { class: "list-pane" },
    html(
      "div", { class: "list-head" }, heading,
      html("button", {
        type: "button", class: "quiet", text: translate("check_for_mail"), data: { test: "refresh" }, on: { click: onRefresh },
      }),
      html("div", { class: "list-tools" }, ...tools),
    ),
    ...content,
  );
}

/**
 * The button that opens the settings of the shown folder.
 * @param {PaneServices & import("./folder_list.js").FolderServices} services
 * @param {import("../housekeeping.js").Housekeeping} housekeeping
 * @param {() => Folder | undefined} shown
 */
export function createSettingsButton(services, housekeeping, shown) {
  const { translate } = services;
  return html("button", {
    type: "button", class: "quiet", text: translate("folder_settings_short"),
    "aria-label": translate("folder_settings"), data: { test: "folder-settings" },
    on: { click: () => {
      const folder = shown();
      if (folder) openFolderSettings(services, housekeeping, folder, (id) => services.navigate(folderPath(id ?? INBOX)));
    } },
  });
}
