/**
 * The mail: folders, the list of one folder, and the message that is read. Wide pages show all three, narrow ones the
 * list or the message.
 */

import { html } from "../runtime/ui/dom.js";
import { ApiError } from "../api.js";
import { folderTitle } from "../formats.js";
import { problem } from "../parts.js";
import { messagePath } from "../routes.js";
import { createMessageList } from "./message_list.js";
import { createReading } from "./reading.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../api.js").Folder} Folder */
/**
 * @typedef {import("../app.js").View & {
 *   go: (folder: string, uid: number | null) => void, path: () => string, dispose: () => void,
 * }} MailView
 */

/**
 * @param {App} app
 * @returns {MailView}
 */
export function createMailView(app) {
  const { translate } = app;
  let folder = "";
  /** @type {number | null} */
  let uid = null;
  /** @type {Folder[]} */
  let folders = [];

  const heading = html("h1", { class: "list-title", tabindex: -1, dir: "auto" });
  const folderList = html("ul", { class: "folder-list" });
  const foldersFailure = problem("folders-error");
  const refresh = html("button", {
    type: "button", class: "quiet", text: translate("check_for_mail"), data: { test: "refresh" },
    on: { click: () => void loadFolders().then(loadList) },
  });
  const list = createMessageList(app);
  const reading = createReading(app, { onSeen: (seenUid) => void markSeen(seenUid) });
  const element = html(
    "div",
    { class: "mail", data: { pane: "list" } },
    html("nav", { class: "folders", "aria-label": translate("folders_label") }, folderList, foldersFailure),
    html("section", { class: "list-pane" }, html("div", { class: "list-head" }, heading, refresh), list.element),
    reading.element,
  );

  async function loadFolders() {
    foldersFailure.textContent = "";
    try {
      folders = await app.api.folders();
    } catch (error) {
      foldersFailure.textContent = app.sentenceFor(error);
    }
    drawFolders();
  }

  /**
   * A mark that could not be kept costs nobody a word: the message is there, and counts as new next time.
   * @param {number} seenUid
   */
  async function markSeen(seenUid) {
    if (!list.markSeen(seenUid)) return;
    try {
      await app.api.markSeen(folder, seenUid);
      await loadFolders();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  function loadList() {
    const role = folders.find(({ name }) => name === folder)?.role;
    return list.load(folder, { outgoing: role === "sent" || role === "drafts" });
  }

  function drawFolders() {
    const current = folders.find(({ name }) => name === folder) ?? { name: folder, role: null };
    heading.textContent = folderTitle(current, translate);
    folderList.replaceChildren(...folders.map((each) => folderLink(app, each, each.name === folder)));
  }

  /**
   * @param {string} nextFolder
   * @param {number | null} nextUid
   */
  function go(nextFolder, nextUid) {
    const sameFolder = nextFolder === folder;
    const wasReading = uid;
    folder = nextFolder;
    uid = nextUid;
    element.dataset.pane = uid === null ? "list" : "message";
    drawFolders();
    if (folders.length === 0) void loadFolders().then(loadList);
    else if (!sameFolder) void loadList();
    list.setCurrent(uid);
    if (uid !== null) void reading.open(folder, uid);
    else reading.clear();
    // Coming back from a message on a narrow page: the focus returns to its row.
    if (uid === null && wasReading !== null && sameFolder) list.focusRow(wasReading);
    else if (uid === null && !sameFolder) heading.focus();
  }

  const onKeys = () => {
    // What the keys opened goes with them; a view out of sight opens its message again when it is shown.
    reading.clear();
    if (uid !== null && element.isConnected) void reading.open(folder, uid);
  };
  app.keys.addEventListener("change", onKeys);

  return {
    element,
    heading,
    title: translate("nav_mail"),
    go,
    path: () => messagePath(folder || "INBOX", uid),
    dispose() {
      app.keys.removeEventListener("change", onKeys);
      reading.clear();
    },
  };
}

/**
 * @param {App} app
 * @param {Folder} folder
 * @param {boolean} isCurrent
 */
function folderLink(app, folder, isCurrent) {
  const { translate } = app;
  const link = html(
    "a",
    {
      class: "folder", href: `#${messagePath(folder.name, null)}`, "aria-current": isCurrent ? "page" : null,
      data: { test: "folder", folder: folder.name },
    },
    html("span", { dir: "auto", text: folderTitle(folder, translate) }),
  );
  if (folder.unseen > 0) {
    link.append(
      html("span", { class: "count", "aria-hidden": "true", text: String(folder.unseen) }),
      html("span", { class: "visually-hidden", text: translate("unread_count", { count: folder.unseen }) }),
    );
  }
  return html("li", {}, link);
}
