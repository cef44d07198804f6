/** The list of the folders with their counts of unread messages, and the dialogs that make and change a folder. */

import { createForm, html, inputField, openDialog, problem, switchField, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { folderName, folderTitle, isolate, number } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { actIcon } from "../../app/act_icons.js";
import { USES } from "../folder_answers.js";
import { folderPath } from "../../app/routes.js";
import { openFolderAccess } from "./folder_access_dialog.js";
import { arrangeTree } from "./folder_tree.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("./folder_access_dialog.js").FolderAccessServices} FolderAccessServices */
/**
 * @typedef {{
 *   translate: Catalogue, api: BridgeApi, sentenceFor: SentenceFor, attempt: Attempt,
 * } & FolderAccessServices} FolderServices
 */
/** @typedef {import("../folder_answers.js").Folder} Folder */
/** @typedef {import("../housekeeping.js").Housekeeping} Housekeeping */
/**
 * Changes a setting of a folder. After a failure, calls `takeBack` and says why.
 * @typedef {(
 *   sentence: string, request: () => Promise<import("../mail_changes.js").Changed>, takeBack: () => void,
 * ) => Promise<void>} ChangeSetting
 */

/** The icons of the folders with a role. @type {Record<string, import("../../app/act_icons.js").ActIcon>} */
const ICONS = { inbox: "mail", sent: "sent", drafts: "drafts", archive: "archive", trash: "delete", junk: "junk" };
/** Up to this number, all folders of other people are shown, also without a subscription. */
const MOST_FOREIGN = 50;

export class FolderList {
  #translate;
  #list = html("ul", { class: "folder-list" });
  /** The folders of other people, and the shared folders. */
  #foreign = html("div", { class: "foreign-folders" });
  #all = html("button", {
    type: "button", class: "quiet folder", hidden: true, data: { test: "folders-all" },
    on: { click: () => { this.#showsAll = !this.#showsAll; this.draw(this.#folders, this.#current); } },
  });
  #make;
  /** Whether folders are shown that the person has not subscribed to. */
  #showsAll = false;
  /** @type {Folder[]} */
  #folders = [];
  /** @type {Folder | undefined} */
  #current;

  /** @param {Catalogue} translate @param {() => void} onMake called when the person wants a new folder */
  constructor(translate, onMake) {
    this.#translate = translate;
    this.#make = html("button", {
      type: "button", class: "quiet folder", text: translate("new_folder"), hidden: true, data: { test: "folder-make" }, on: { click: onMake },
    });
    this.elements = [this.#list, this.#all, this.#foreign, this.#make];
  }

  /** @param {Folder[]} folders @param {Folder | undefined} current */
  draw(folders, current) {
    const translate = this.#translate;
    this.#folders = folders;
    this.#current = current;
    const hidden = folders.filter((folder) => isHidden(folder, folders) && folder !== current);
    const shown = this.#showsAll ? folders : folders.filter((folder) => !hidden.includes(folder));
    this.#all.hidden = hidden.length === 0;
    this.#all.textContent = this.#showsAll ? translate("folders_subscribed") : translate("folders_all", { count: hidden.length });
    // A POP3 mailbox has one folder, and no further folder can be made.
    this.#make.hidden = !folders.some(({ rights }) => rights.includes("append"));
    const lists = [this.#list, this.#foreign];
    const focused = lists.map((list) => list.querySelector("a:focus")?.getAttribute("href")).find(Boolean);
    this.#list.replaceChildren(...this.#links(shown.filter(({ place }) => place === "own")));
    this.#foreign.replaceChildren(...(/** @type {const} */ (["others", "shared"])).flatMap((place) => this.#section(shown, place)));
    // If the link with the focus was replaced, the new link to the same folder gets the focus.
    const again = focused && lists.flatMap((list) => [...list.querySelectorAll("a")]).find((link) => link.getAttribute("href") === focused);
    if (again) again.focus({ preventScroll: true });
  }

  /** @param {Folder[]} folders */
  #links(folders) {
    return arrangeTree(folders).map((place) => folderLink(this.#translate, place, place.folder === this.#current));
  }

  /** @param {Folder[]} folders @param {"others" | "shared"} kind */
  #section(folders, kind) {
    const sectionFolders = folders.filter(({ place }) => place === kind);
    if (sectionFolders.length === 0) return [];
    const id = uniqueId("folders");
    return [
      html("h2", { id, class: "folders-heading", text: this.#translate(`folders_${kind}`) }),
      html("ul", { class: "folder-list", "aria-labelledby": id, data: { test: `folders-${kind}` } }, ...this.#links(sectionFolders)),
    ];
  }
}

/**
 * Whether a folder is left out because the person has not subscribed to it. Without any subscription, all folders are
 * shown.
 * @param {Folder} folder
 * @param {Folder[]} folders
 */
function isHidden({ role, subscribed, place }, folders) {
  const alike = folders.filter((folder) => (folder.place === "own") === (place === "own"));
  if (place !== "own" && alike.length <= MOST_FOREIGN) return false;
  return role === null && subscribed === false && alike.some((other) => other.role === null && other.subscribed === true);
}

/**
 * @param {Catalogue} translate
 * @param {{folder: Folder, depth: number, ownName: string | null}} place
 * @param {boolean} isCurrent
 */
function folderLink(translate, { folder, depth, ownName }, isCurrent) {
  const whole = folderTitle(folder, translate);
  // The title leaves out the prefix of other people's folders, because the heading above them has the same words.
  const title = folder.place === "own" ? whole : folder.name.slice(folder.prefix.length);
  const link = html(
    "a",
    {
      class: "folder", href: `#${folderPath(folder.id)}`, "aria-current": isCurrent ? "page" : null,
      title: (ownName ?? whole) === whole ? null : whole, data: { test: "folder", folder: folder.name, depth: String(depth) },
    },
    actIcon(ICONS[folder.role ?? ""] ?? "folder"), html("span", { dir: "auto", class: "folder-name", text: ownName ?? title }),
  );
  if (folder.unseen > 0) {
    link.append(
      html("span", { class: "count", "aria-hidden": "true", text: number(folder.unseen) }),
      html("span", { class: "visually-hidden", text: translate("unread_count", { count: folder.unseen }) }),
    );
  }
  return html("li", {}, link);
}

/**
 * The dialog that makes a folder.
 * @param {FolderServices} services
 * @param {Housekeeping} housekeeping
 * @param {(id: string) => void} onMade
 */
export function openFolderMaking(services, housekeeping, onMade) {
  const { translate } = services;
  openNameDialog(services, {
    title: translate("new_folder"), go: translate("folder_make_go"), value: "", test: "folder-make-dialog",
    onName: async (name) => {
      const { id } = await housekeeping.changeFolder(translate("folder_made", { folder: isolate(name) }), () =>
        services.api.changes.createFolder(name));
      onMade(id);
    },
  });
}

/**
 * The dialog with the settings of a folder: the name, the subscription, and the deletion.
 * @param {FolderServices} services
 * @param {Housekeeping} housekeeping
 * @param {Folder} folder
 * @param {(id: string | null) => void} onChanged gets the new id, or null if the folder is gone
 */
export function openFolderSettings(services, housekeeping, folder, onChanged) {
  const { translate } = services;
  const title = isolate(folderTitle(folder, translate));
  const mayChange = folder.rights.includes("folder") && folder.role !== "inbox";
  const failure = problem("folder-settings-error");
  /** @type {ChangeSetting} */
  const change = async (sentence, request, takeBack) => {
    failure.textContent = "";
    await housekeeping.changeFolder(sentence, request).catch((error) => {
      takeBack();
      failure.textContent = services.sentenceFor(error);
    });
  };
  const subscription = switchField(translate("folder_subscribed"), "folder-subscribed", (isSubscribed) => change(
    translate(isSubscribed ? "folder_subscribed_now" : "folder_unsubscribed", { folder: title }),
    () => services.api.changes.subscribe(folder.id, isSubscribed),
    () => { subscription.input.checked = !isSubscribed; },
  ));
  subscription.input.checked = folder.subscribed ?? false;
  const dialog = openNameDialog(services, {
    title: translate("folder_settings_of", { folder: title }), go: translate("rename"), value: folderName(folder),
    test: "folder-settings-dialog", isFixed: !mayChange, parts: [
      folder.subscribed === null ? null : subscription.element, useField(services, folder, change), failure,
      folder.rights.includes("share") ? html("button", {
        type: "button", text: translate("folder_share"), data: { test: "folder-share" },
        on: { click: () => { dialog.close(); void openFolderAccess(services, folder); } },
      }) : null,
      mayChange ? html("button", {
        type: "button", class: "danger-text", text: translate("folder_delete"), data: { test: "folder-delete" },
        on: { click: () => { dialog.close(); askToDelete(services, housekeeping, folder, onChanged); } },
      }) : html("p", { class: "note", text: translate("folder_fixed") }),
    ],
    onName: async (name) => {
      const { id } = await housekeeping.changeFolder(translate("folder_renamed", { folder: isolate(name) }), () =>
        services.api.changes.renameFolder(folder.id, name));
      onChanged(id);
    },
  });
}

/**
 * The choice of the role of a folder; null for a folder of other people, or if the bridge does not know this choice.
 * @param {FolderServices} services @param {Folder} folder @param {ChangeSetting} change
 */
function useField({ api, translate }, folder, change) {
  if (folder.use === undefined || folder.place !== "own" || folder.role === "inbox") return null;
  const id = uniqueId("use");
  const named = (/** @type {import("../folder_answers.js").FolderUse} */ use) => translate(`folder_${use}`);
  const onChange = () => {
    const use = USES.find((candidate) => candidate === select.value) ?? null;
    const title = isolate(folderName(folder));
    const sentence = use ? translate("folder_used", { folder: title, use: named(use) }) : translate("folder_used_as_told", { folder: title });
    void change(sentence, () => api.changes.useFolder(folder.id, use), () => { select.value = folder.use ?? ""; });
  };
  const select = html("select", { id, data: { test: "folder-use" }, on: { change: onChange } },
    html("option", { value: "", text: translate("folder_use_as_told") }),
    ...USES.map((use) => html("option", { value: use, text: named(use) })));
  select.value = folder.use ?? "";
  return html("div", { class: "field" }, html("label", { for: id, text: translate("folder_use") }), select);
}

/**
 * @param {FolderServices} services
 * @param {Housekeeping} housekeeping
 * @param {Folder} folder
 * @param {(id: string | null) => void} onChanged
 */
function askToDelete(services, housekeeping, folder, onChanged) {
  const { translate } = services;
  const title = isolate(folderTitle(folder, translate));
  const count = folder.total;
  ask({
    title: translate("folder_delete_question", { folder: title }),
    meaning: count > 0 ? translate("folder_delete_meaning", { count }) : translate("folder_delete_empty"),
    keep: translate("keep"), go: translate("folder_delete"), test: "folder-delete-go", isDanger: count > 0,
    onGo: async () => {
      try {
        await housekeeping.changeFolder(translate("folder_deleted", { folder: title }), () =>
          services.api.changes.deleteFolder(folder.id, { withMessages: count > 0 }));
        onChanged(null);
      } catch (error) {
        housekeeping.say(services.sentenceFor(error));
      }
    },
  });
}

/**
 * A dialog with a field for a folder's name.
 * @param {FolderServices} services
 * @param {{
 *   title: string, go: string, value: string, test: string, onName: (name: string) => Promise<void>, isFixed?: boolean,
 *   parts?: (HTMLElement | null)[],
 * }} options `isFixed` leaves the field out
 */
function openNameDialog(services, { title, go, value, test, onName, isFixed = false, parts = [] }) {
  const { translate } = services;
  const titleId = uniqueId("folder");
  const failure = problem("folder-name-error");
  const { element, input } = inputField(translate("name"), {
    type: "text", autocomplete: "off", dir: "auto", maxlength: 500, data: { test: "folder-name" },
  });
  input.value = value;
  const submit = html("button", { class: "primary", type: "submit", text: go, data: { test: "folder-name-go" } });
  const close = html("button", { type: "button", text: translate("close"), on: { click: () => dialog.close() } });
  const send = () => {
    const name = input.value.trim();
    if (!name) return void (failure.textContent = translate("folder_name_missing"));
    return services.attempt(submit, translate("folder_changing"), failure, async () => {
      await onName(name);
      dialog.close();
    });
  };
  const dialog = openDialog(
    { titleId, test, isWide: false },
    html("h2", { id: titleId, class: "folder-name", text: title }),
    isFixed ? null : createForm({ class: "stack" }, send, element, failure, html("div", { class: "actions" }, submit)),
    ...parts, html("div", { class: "actions" }, close),
  );
  if (!isFixed) input.focus();
  return dialog;
}
