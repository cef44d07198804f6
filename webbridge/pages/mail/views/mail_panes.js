/** The panes beside the open message: the folders and links to other views, and the list with its tools. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { actIcon, iconButton } from "../../app/act_icons.js";
import { createPaneWidth } from "../../app/views/pane_width.js";
import { folderPath, followAgain, INBOX } from "../../app/routes.js";
import { openFolderSettings } from "./folder_list.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../folder_answers.js").Folder} Folder */
/** @typedef {import("../../app/act_icons.js").ActIcon} ActIcon */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("../../parcels/parcel_requests.js").ParcelLimits} ParcelLimits */
/** @typedef {{translate: Catalogue, navigate: Navigate, parcels: ParcelLimits | null}} PaneServices */

/**
 * The pane beside every view: the folders, and below them the links to the other views.
 * @param {PaneServices} services @param {HTMLElement[]} folders the links to the folders, and the note about a failure
 */
export function createFolderPane(services, folders) {
  const { translate, parcels } = services;
  const link = (/** @type {string} */ href, /** @type {string} */ key, /** @type {ActIcon} */ icon, /** @type {string} */ test) =>
    html("a", { class: "folder", href, data: { test } }, actIcon(icon), html("span", { class: "folder-name", text: translate(key) }));
  const links = [
    link("#/people", "people_title", "accounts", "people-link"),
    ...(parcels ? [link("#/parcels", "sent_parcels", "parcel", "parcels-link")] : []),
    ...(parcels?.maxKeptFiles ? [link("#/files", "my_files_title", "files", "files-link")] : []),
    link("#/settings", "settings_title", "settings", "settings-link"),
  ];
  const element = html(
    "nav",
    {
      class: "side", "aria-label": translate("folders"),
      // On a phone, a press on the shown folder hides the folders.
      on: { click: (event) => followAgain(event, (path) => services.navigate(path)) },
    },
    html("div", { class: "folders" }, ...folders, html("div", { class: "place-links" }, ...links)),
    createPaneWidth({ label: translate("width_folders"), name: "folders", least: 150, most: 400, usual: 216 }),
  );
  const mark = (/** @type {string} */ hash) => {
    for (const place of links) {
      const isCurrent = hash === place.hash || hash.startsWith(`${place.hash}/`);
      if (isCurrent) place.setAttribute("aria-current", "page");
      else place.removeAttribute("aria-current");
    }
  };
  return { element, mark };
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
      html("div", { class: "list-tools" }, iconButton("refresh", translate("check_for_mail"), "refresh", { on: { click: onRefresh } }), ...tools),
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
  const open = () => {
    const folder = shown();
    if (folder) openFolderSettings(services, housekeeping, folder, (id) => services.navigate(folderPath(id ?? INBOX)));
  };
  return iconButton("settings", translate("folder_settings"), "folder-settings", { on: { click: open } });
}
