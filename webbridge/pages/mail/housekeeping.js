/**
 * The acts on messages and folders: archive, delete, move, spam, flags. Each act shows its outcome at once, reports in a
 * notice what was done, and can be undone. If the mail server refuses, the rows come back and the notice says why.
 */

import { ApiError } from "../app/api.js";
import { UNKNOWN_OUTCOME } from "../writing/sending_requests.js";
import { ask } from "../../../wasm_build/ui/ask.js";
import { folderTitle, isolate } from "../../../wasm_build/ui/formats.js";
import { MAX_CHANGED } from "./mail_changes.js";
import { inParts } from "../../../wasm_build/vault/values/in_parts.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: Catalogue, api: BridgeApi, sentenceFor: SentenceFor}} HousekeepingServices */
/** @typedef {import("./folder_answers.js").Folder} Folder */
/** @typedef {import("./mail_changes.js").Changed} Changed */
/** @typedef {import("./mail_changes.js").Chosen} Chosen */
/** @typedef {"archive" | "junk"} MadeRole */
/** @typedef {{isPossible: boolean, reason: string}} Offer */
/**
 * The changes that the list shows before the bridge has confirmed them. Each function returns a function that takes its
 * change back.
 * @typedef {{
 *   take: (chosen: Chosen) => () => void,
 *   showFlags: (chosen: Chosen, change: {add?: string[], remove?: string[]}) => () => void,
 * }} Shown
 */
/**
 * The list in which acts show their outcome, the folders, and the functions that are called after an act or its
 * undoing.
 * @typedef {{
 *   shown: Shown, refreshList: () => Promise<void>,
 *   folders: () => Folder[], notice: import("./undo_notice.js").UndoNotice,
 *   changed: (options: {folders: boolean}) => Promise<void>, undone: () => void,
 * }} Place
 */
/** @typedef {{said: string, request: (part: Chosen) => Promise<Changed>, show: () => () => void}} Act */

export const SEEN = "\\Seen";
export const FLAGGED = "\\Flagged";

export class Housekeeping {
  #services;
  #place;
  /** The reasons why a folder for a role could not be made. @type {Map<MadeRole, string>} */
  #refusals = new Map();

  /** @param {HousekeepingServices} services @param {Place} place */
  constructor(services, place) {
    this.#services = services;
    this.#place = place;
  }

  /**
   * Whether an act is possible with messages of this folder, with the reason if not.
   * @param {string} folder
   * @param {import("../app/act_icons.js").ActIcon} act
   * @returns {Offer}
   */
  offer(folder, act) {
    const { translate } = this.#services;
    const { role = null, rights = [] } = this.#find(folder) ?? {};
    const needed = act === "delete" ? "delete" : act === "flag" ? "flags" : act === "unread" ? "seen" : "move";
    if (!rights.includes(needed)) return refused(translate(`act_no_right_${needed === "seen" ? "flags" : needed}`));
    if (act === "archive" && role === "archive") return refused(translate("act_in_archive"));
    if (act === "junk" && (role === "sent" || role === "drafts")) return refused(translate("act_junk_own"));
    const refusal = act === "archive" || (act === "junk" && role !== "junk") ? this.#refusals.get(act) : undefined;
    return refusal ? refused(refusal) : { isPossible: true, reason: "" };
  }

  /** Whether deleting messages of this folder cannot be undone. @param {string} folder */
  deletesForEver(folder) {
    const entry = this.#find(folder);
    return entry?.role === "trash" || !entry?.rights.includes("move");
  }

  /** @param {Chosen} chosen */
  async archive(chosen) {
    await this.#moveToRole(chosen, "archive", "act_archived");
  }

  /** Moves to the folder for spam, or from there to the inbox. @param {Chosen} chosen */
  async junk(chosen) {
    if (this.#find(chosen.folder)?.role !== "junk") return this.#moveToRole(chosen, "junk", "act_junked");
    const inbox = this.#place.folders().find(({ role }) => role === "inbox");
    if (inbox) await this.#moveTo(chosen, inbox.id, "act_not_junk");
  }

  /** @param {Chosen} chosen @param {string} to the id of a folder */
  async move(chosen, to) {
    const folder = this.#find(to);
    await this.#moveTo(chosen, to, "act_moved", folder ? folderTitle(folder, this.#services.translate) : "");
  }

  /** Makes a folder and moves messages there. @param {Chosen} chosen @param {string} name */
  async moveToNew(chosen, name) {
    const back = this.#place.shown.take(chosen);
    try {
      const { id } = await this.#services.api.changes.createFolder(name);
      await this.#moveTo(chosen, id, "act_moved", name, () => back);
    } catch (error) {
      back();
      if (!(error instanceof ApiError)) throw error;
      this.#place.notice.show(this.#failure("act_failed", error, []));
      await this.#place.changed({ folders: true });
    }
  }

  /** Moves to the trash. In the trash, asks the person and then deletes for ever. @param {Chosen} chosen */
  remove(chosen) {
    const { translate, api } = this.#services;
    const count = chosen.uids.length;
    const show = () => this.#place.shown.take(chosen);
    const act = (/** @type {boolean} */ forever) => this.#act(chosen, {
      said: translate(forever ? "act_deleted_for_ever" : "act_deleted", { count }), show,
      request: (part) => api.changes.remove(part, { forever }),
    });
    if (!this.deletesForEver(chosen.folder)) return act(false);
    ask({
      title: translate("delete_for_ever_question", { count }), meaning: translate("delete_for_ever_meaning"),
      keep: translate("keep"), go: translate("delete_for_ever"), test: "delete-for-ever", isDanger: true,
      onGo: () => void act(true),
    });
    return Promise.resolve();
  }

  /** @param {Chosen} chosen @param {string} flag `SEEN` or `FLAGGED` @param {boolean} isSet */
  async setFlag(chosen, flag, isSet) {
    const { translate, api } = this.#services;
    const change = isSet ? { add: [flag] } : { remove: [flag] };
    const word = flag === SEEN ? (isSet ? "act_read" : "act_unread") : isSet ? "act_flagged" : "act_unflagged";
    await this.#act(chosen, {
      said: translate(word, { count: chosen.uids.length }), show: () => this.#place.shown.showFlags(chosen, change),
      request: (part) => api.changes.setFlags(part, change),
    });
  }

  /** Shows why something was not done. @param {string} text */
  say(text) {
    this.#place.notice.show(text);
  }

  /** @returns {Promise<void>} */
  undo() {
    return this.#place.notice.undo();
  }

  /**
   * Changes a folder, and offers to undo the change.
   * @template {Changed} C
   * @param {string} said
   * @param {() => Promise<C>} request
   * @returns {Promise<C>} rejects if it fails
   */
  async changeFolder(said, request) {
    const changed = await request();
    this.#tell(said, [changed]);
    await this.#place.changed({ folders: true });
    return changed;
  }

  /** @param {Chosen} chosen @param {MadeRole} role @param {string} key */
  async #moveToRole(chosen, role, key) {
    const show = this.#place.shown.take(chosen);
    let to = this.#place.folders().find((folder) => folder.role === role)?.id;
    try {
      to ??= await this.#makeFolder(role);
    } catch (error) {
      show();
      if (!(error instanceof ApiError)) throw error;
      const reason = this.#services.translate(`act_no_${role}`, { text: this.#services.sentenceFor(error) });
      if (LASTING.has(error.code)) this.#refusals.set(role, reason);
      this.#place.notice.show(reason);
      return this.#place.changed({ folders: false });
    }
    await this.#moveTo(chosen, to, key, "", () => show);
  }

  /** Makes the folder for a role at the top level, or below the inbox if the server keeps all folders there. @param {MadeRole} role */
  async #makeFolder(role) {
    const name = FOLDER_NAMES[role];
    const { changes } = this.#services.api;
    const inbox = this.#place.folders().find((folder) => folder.role === "inbox");
    const { id } = await changes.createFolder(name).catch((error) => {
      const isRefused = error instanceof ApiError && LASTING.has(error.code) && inbox?.delimiter;
      if (!isRefused) throw error;
      return changes.createFolder(`${inbox.name}${inbox.delimiter}${name}`);
    });
    return id;
  }

  /**
   * @param {Chosen} chosen
   * @param {string} to
   * @param {string} key
   * @param {string} [folder]
   * @param {() => () => void} [show]
   */
  async #moveTo(chosen, to, key, folder = "", show = () => this.#place.shown.take(chosen)) {
    const { translate, api } = this.#services;
    await this.#act(chosen, {
      said: translate(key, { count: chosen.uids.length, folder: isolate(folder) }), show,
      request: (part) => api.changes.move(part, to),
    });
  }

  /** @param {Chosen} chosen @param {Act} act */
  async #act(chosen, { said: sentence, show, request }) {
    if (chosen.uids.length === 0) return;
    const back = show();
    /** @type {Changed[]} */
    const done = [];
    try {
      for (const uids of inParts(chosen.uids, MAX_CHANGED)) done.push(await request({ ...chosen, uids }));
      this.#tell(sentence, done);
      if (done.some(({ markedOnly }) => markedOnly)) back();
    } catch (error) {
      back();
      this.#tell(this.#failure("act_failed", error, done), done);
      if (!(error instanceof ApiError)) throw error;
      // Some of the restored rows may belong to messages that are gone.
      await this.#place.refreshList();
    }
    await this.#place.changed({ folders: true });
  }

  /** @param {string} sentence @param {Changed[]} done */
  #tell(sentence, done) {
    const steps = done.map(({ undo }) => undo).filter((undo) => undo.length > 0).reverse();
    const more = done.some(({ markedOnly }) => markedOnly) ? ` ${this.#services.translate("act_marked_only")}` : "";
    this.#place.notice.show(`${sentence}${more}`, steps.length > 0 ? () => this.#takeBack(steps) : null);
  }

  /** @param {import("./mail_changes.js").Steps[]} steps */
  async #takeBack(steps) {
    const { notice } = this.#place;
    const done = [];
    try {
      for (const undo of steps) done.push(await this.#services.api.changes.undo(undo));
      notice.show(this.#services.translate("act_undone"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const left = steps.slice(done.length);
      notice.show(this.#failure("act_undo_failed", error, done), error.code === "unreachable" ? () => this.#takeBack(left) : null);
    }
    await Promise.all([this.#place.refreshList(), this.#place.changed({ folders: true })]);
    this.#place.undone();
  }

  /**
   * The sentence for a failure. It says that nothing was changed only if that is certain.
   * @param {string} key @param {unknown} error @param {unknown[]} done what was changed before
   */
  #failure(key, error, done) {
    if (error instanceof ApiError && error.code === "unreachable") return this.#services.translate("act_unsure_away");
    const isOpen = done.length > 0 || (error instanceof ApiError && UNKNOWN_OUTCOME.has(error.code));
    return this.#services.translate(isOpen ? "act_unsure" : key, { text: this.#services.sentenceFor(error) });
  }

  /** @param {string} id */
  #find(id) {
    return this.#place.folders().find((folder) => folder.id === id);
  }
}

/** The folder names for these roles. Other programs know these names too. @type {Record<MadeRole, string>} */
const FOLDER_NAMES = { archive: "Archive", junk: "Junk" };
/** The codes of refusals that a later try would get again. */
const LASTING = new Set(["mail-server-refused", "not-offered", "bad-argument"]);

/** @param {string} reason @returns {Offer} */
function refused(reason) {
  return { isPossible: false, reason };
}
