/** The acts in the view of the mail: the bars for the open message and for the selection, the keys, and the swipes. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { actIcon, iconButton } from "../../app/act_icons.js";
import { folderPath } from "../../app/routes.js";
import { listenForShortcuts, openShortcutHelp } from "../../app/shortcuts.js";
import { watchSwipes } from "../swipe.js";
import { createActBar, runAct } from "./act_bar.js";
import { pickFolder } from "./folder_picker.js";
import { FLAGGED, SEEN } from "../housekeeping.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {import("../../app/services.js").Write} Write */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/**
 * @typedef {{
 *   translate: Catalogue, navigate: Navigate, write: Write, keys: KeyRing, lock: () => Promise<void>,
 * }} MailActServices
 */
/** @typedef {import("../folder_answers.js").Folder} Folder */
/** @typedef {import("../../app/act_icons.js").ActIcon} ActIcon */
/** @typedef {import("../mail_changes.js").Chosen} Chosen */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */
/**
 * @typedef {Pick<
 *   import("./message_list.js").MessageList, "element" | "rows" | "messages" | "selection" | "focus"
 * >} ActedList
 */
/**
 * @typedef {{
 *   housekeeping: import("../housekeeping.js").Housekeeping, list: ActedList,
 *   folder: () => Folder | undefined, folders: () => Folder[], message: () => MessageAddress | null, isShown: () => boolean,
 *   reading: HTMLElement, search: () => void, leave: () => boolean,
 * }} Parts
 */

export class MailActs {
  #services;
  #parts;
  #count = html("span", { class: "selection-count", role: "status", data: { test: "selection-count" } });
  #message;
  #selection;
  #stop;

  /** @param {MailActServices} services @param {Parts} parts */
  constructor(services, parts) {
    const { translate } = services;
    const { housekeeping, list } = parts;
    this.#services = services;
    this.#parts = parts;
    this.#message = createActBar(translate, {
      label: translate("acts_message"), test: "message-acts", housekeeping, run: (act) => void this.#run(act, this.#openOne()),
      before: [phoneAct(translate("reply"), "reply", { on: { click: () => this.#press("reply") } })],
      after: [phoneAct(translate("acts_more"), "more", { "aria-expanded": "false", on: { click: () => this.#showMore() } })],
    });
    this.#selection = createActBar(translate, {
      label: translate("acts_selection"), test: "selection-acts", housekeeping,
      run: (act) => void this.#run(act, list.selection.uids),
      before: [
        this.#count,
        html("button", {
          type: "button", class: "quiet", text: translate("select_all"), data: { test: "select-all" }, on: { click: () => list.selection.all() },
        }),
        html("button", {
          type: "button", class: "quiet", text: translate("select_none"), data: { test: "select-none" },
          on: { click: () => { list.selection.clear(); this.#choose(false); } },
        }),
      ],
    });
    this.messageBar = this.#message.element;
    this.selectionBar = this.#selection.element;
    // Touch has no hover, so this button shows the check boxes.
    this.selectButton = iconButton("select", translate("select"), "select", {
      class: "quiet icon-button select-button", "aria-pressed": "false",
      on: { click: () => this.#choose(!list.element.classList.contains("choosing")) },
    });
    this.#stop = listenForShortcuts({
      isShown: parts.isShown, isInList: (target) => target === document.body || list.element.contains(target),
      run: (command) => this.#obey(command),
    });
    this.#watchTouches();
    list.element.addEventListener("click", (event) => this.#extendByClick(event), true);
  }

  /** Shows all acts on a phone, where the bar has room for four, or hides the rare ones again. */
  #showMore() {
    const isMore = this.messageBar.classList.toggle("all-acts");
    this.messageBar.querySelector("[data-act=more]")?.setAttribute("aria-expanded", String(isMore));
  }

  #watchTouches() {
    const { housekeeping, list } = this.#parts;
    const { translate } = this.#services;
    watchSwipes(list.rows, {
      word: (act) => translate(act === "delete" && housekeeping.deletesForEver(this.#folderId) ? "delete_for_ever" : `act_word_${act}`),
      mayAct: (act) => housekeeping.offer(this.#folderId, act).isPossible,
      onSwipe: (uid, act) => void this.#run(act, [uid]),
      onLongPress: (uid) => list.selection.toggle(uid),
    });
  }

  dispose() {
    this.#stop();
  }

  /** Shows the check boxes of all rows, so that a tap selects, or hides them. @param {boolean} isChoosing */
  #choose(isChoosing) {
    this.#parts.list.element.classList.toggle("choosing", isChoosing);
    this.selectButton.setAttribute("aria-pressed", String(isChoosing));
  }

  /** Shows the acts for the open message and the selected rows. */
  update() {
    const { list, message } = this.#parts;
    const { size, uids } = list.selection;
    const open = message();
    this.messageBar.hidden = open === null || this.#parts.folder() === undefined;
    this.selectionBar.hidden = size === 0;
    this.#count.textContent = size > 0 ? this.#services.translate("selected", { count: size }) : "";
    if (!this.messageBar.hidden && open) this.#message.show(this.#stateOf([open.uid]));
    if (size > 0) this.#selection.show(this.#stateOf(uids));
  }

  get #folderId() {
    return this.#parts.folder()?.id ?? "";
  }

  /** @param {number[]} uids */
  #stateOf(uids) {
    const { list, folder } = this.#parts;
    return {
      folder: this.#folderId, role: folder()?.role ?? null,
      isFlagged: list.messages.allHave(uids, FLAGGED), isSeen: list.messages.allHave(uids, SEEN),
    };
  }

  /** The open message, also if its row is not loaded. */
  #openOne() {
    const message = this.#parts.message();
    return message ? [message.uid] : [];
  }

  /** The messages on which a key acts: the selected rows, the row with the focus, or the open message. */
  #meant() {
    const { list } = this.#parts;
    if (list.selection.size > 0) return list.selection.uids;
    const { uid } = list.focus;
    return uid === null ? this.#openOne() : [uid];
  }

  /** @param {ActIcon} act @param {number[]} uids */
  async #run(act, uids) {
    const { housekeeping, list, message } = this.#parts;
    if (uids.length === 0) return;
    const offer = housekeeping.offer(this.#folderId, act);
    if (!offer.isPossible) return housekeeping.say(offer.reason);
    const open = message();
    const chosen = open && uids.length === 1 && uids[0] === open.uid ? { ...open, uids } : list.messages.chosen(uids);
    await runAct(housekeeping, act, chosen, { ...this.#stateOf(uids), pick: (what) => this.#pick(what) });
  }

  /** Closes the open message if it was removed from the list. The row that took its place gets the focus. */
  taken() {
    const { list, message } = this.#parts;
    const open = message();
    // If nothing of the selection is left, a tap opens messages again.
    if (list.selection.size === 0) this.#choose(false);
    this.update();
    // For a moment the focus may still be in a bar that was hidden.
    const isLost = document.activeElement === document.body || this.selectionBar.contains(document.activeElement);
    if (open && list.messages.isTaken(open)) this.#services.navigate(folderPath(open.folder));
    else if (isLost) list.focus.moveToGap();
  }

  /** @param {Chosen} chosen */
  #pick(chosen) {
    const { housekeeping, folders } = this.#parts;
    const others = folders().filter(({ id, rights }) => id !== chosen.folder && rights.includes("append"));
    pickFolder(this.#services.translate, others, {
      title: this.#services.translate("pick_title"), onChoose: (folder) => void housekeeping.move(chosen, folder.id),
      onMake: (name) => void housekeeping.moveToNew(chosen, name),
    });
  }

  /** Asks for a folder, and shows it. */
  #goTo() {
    const { translate } = this.#services;
    pickFolder(translate, this.#parts.folders(), {
      title: translate("go_title"), onChoose: ({ id }) => this.#services.navigate(folderPath(id)),
    });
  }

  /** Selects the rows up to this one at a click with Shift. The browser would open a new window. @param {MouseEvent} event */
  #extendByClick(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isChoosing = this.#parts.list.element.classList.contains("choosing");
    if (!link?.dataset.uid || !(event.shiftKey || isChoosing)) return;
    event.preventDefault();
    if (event.shiftKey) this.#parts.list.selection.extend(Number(link.dataset.uid));
    else this.#parts.list.selection.toggle(Number(link.dataset.uid));
  }

  /**
   * Obeys a key.
   * @param {import("../../app/shortcuts.js").Command} command
   * @returns {boolean} false if the command has nothing to do
   */
  #obey(command) {
    const { list: { focus, selection }, housekeeping, search, leave } = this.#parts;
    const services = this.#services;
    const act = (/** @type {ActIcon} */ name) => () => void this.#run(name, this.#meant());
    /** @type {Record<typeof command, () => boolean | void>} */
    const commands = {
      next: () => focus.move(1), previous: () => focus.move(-1),
      extendNext: () => focus.move(1, { isRange: true }), extendPrevious: () => focus.move(-1, { isRange: true }),
      archive: act("archive"), delete: act("delete"), junk: act("junk"), flag: act("flag"), unread: act("unread"), move: act("move"),
      select: () => this.#toggleFocused(), all: () => selection.all(), undo: () => void housekeeping.undo(),
      reply: () => this.#press("reply"), replyAll: () => this.#press("reply-all"), forward: () => this.#press("forward"),
      write: () => services.write(), search, go: () => this.#goTo(), help: () => openShortcutHelp(services.translate), leave,
      lock: () => (services.keys.unlocked ? void services.lock() : services.navigate("/keys")),
    };
    return commands[command]() !== false;
  }

  /** Selects the row with the focus, or ends its selection. Returns false if no row has the focus. */
  #toggleFocused() {
    const { focus: { uid }, selection } = this.#parts.list;
    if (uid !== null) selection.toggle(uid);
    return uid !== null;
  }

  /** Presses a button of the open message, if there is one. @param {string} test */
  #press(test) {
    const button = /** @type {HTMLElement | null} */ (this.#parts.reading.querySelector(`button[data-test="${test}"]`));
    button?.click();
    return button !== null;
  }
}

/**
 * A button that the bar at the bottom has on a phone only.
 * @param {string} word @param {import("../../app/act_icons.js").ActIcon} act @param {Record<string, unknown>} properties
 */
function phoneAct(word, act, properties) {
  return html("button", {
    type: "button", class: "quiet act phone-act", data: { test: `phone-${act}`, act }, ...properties,
  }, actIcon(act), html("span", { class: "act-word", text: word }));
}
