/**
 * The files of one account while its keys are unlocked: the index, and the files that are being added.
 *
 * Files are uploaded one after the other. All files that are uploaded while the index is being stored enter the next version
 * together.
 */

import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { FileIndex } from "./file_index.js";
import { FileRequests } from "./file_requests.js";
import { sendFile } from "./file_sending.js";
import { addFile, asName } from "./file_tree.js";
import { OwnKeys } from "./own_keys.js";
import { SeenIndex } from "./seen_index.js";

/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{
 *   address: string | null, keys: KeyRing, api: BridgeApi, kept: KeptTrust, translate: Catalogue,
 * }} KeeperServices
 */
/** @typedef {import("./file_tree.js").KeptEntry} KeptEntry */
/** @typedef {"waiting" | "uploading" | "lost" | "listing" | "failed"} AddingState `listing`: the file waits for its entry in the index */

/**
 * A file that is being added. `done` is the number of bytes that the bridge has; `entry` is the file's entry for the index,
 * when the file is uploaded.
 * @typedef {{
 *   file: File, folder: string, name: string, state: AddingState, done: number, error: unknown, stopping: AbortController,
 *   entry: KeptEntry | null,
 * }} Adding
 */

/** Dispatches "adding" when a file that is being added changes, and "added" with the names when files have entered the index. */
export class Keeper extends EventTarget {
  #services;
  #account;
  #isUploading = false;
  #isListing = false;
  /** @type {Adding[]} */
  adding = [];

  /** @param {KeeperServices} services with unlocked keys @param {{wholeBytes: number}} limits */
  constructor(services, { wholeBytes }) {
    super();
    const account = services.address ?? "";
    const own = new OwnKeys(services.keys, account);
    const requests = new FileRequests((path, options) => services.api.parcels.ask(path, /** @type {any} */ (options)));
    this.#services = services;
    this.#account = account;
    /** Aborts when the keys are locked. @readonly */
    this.ended = services.keys.ended;
    /** The parts that the reading of a file needs. @readonly */
    this.parts = { own, requests, wholeBytes };
    this.index = new FileIndex(own, requests, new SeenIndex(account, () => services.kept.keeping !== "off"));
    addEventListener("beforeunload", (event) => { if (this.isBusy) event.preventDefault(); }, { signal: this.ended });
    this.ended.addEventListener("abort", () => { this.adding = []; });
  }

  /** Whether this object belongs to the account that is signed in, and its keys are unlocked. @param {KeeperServices} services */
  isUsable(services) {
    return services === this.#services && services.address === this.#account && !this.ended.aborted;
  }

  get isBusy() {
    return !this.ended.aborted && this.adding.some(({ state }) => state !== "failed");
  }

  /** @param {File[]} files @param {string} folder */
  add(files, folder) {
    const unnamed = this.#services.translate("unnamed_file");
    this.adding.push(...files.map((file) => (/** @type {Adding} */ ({
      file, folder, name: asName(file.name, unnamed), state: "waiting", done: 0, error: null, stopping: new AbortController(), entry: null,
    }))));
    this.#tell();
    void this.#upload();
  }

  /** Ends the adding of a file, also of a file that has failed. @param {Adding} one */
  cancel(one) {
    one.stopping.abort();
    this.#drop([one]);
    const { entry } = one;
    // The entry may be in an index that is being stored. Then the file stays in that index.
    if (entry && one.state === "failed") void this.parts.requests.end(entry.id);
  }

  /** Tries a failed file again. @param {Adding} one */
  retry(one) {
    one.error = null;
    one.state = one.entry ? "listing" : "waiting";
    this.#tell();
    if (one.entry) void this.#list();
    else void this.#upload();
  }

  async #upload() {
    if (this.#isUploading) return;
    this.#isUploading = true;
    for (let addition = this.#next(); addition; addition = this.#next()) await this.#uploadOne(addition);
    this.#isUploading = false;
  }

  #next() {
    return this.adding.find(({ state }) => state === "waiting");
  }

  /** @param {Adding} addition */
  async #uploadOne(addition) {
    const { file, folder, name } = addition;
    const signal = AbortSignal.any([addition.stopping.signal, this.ended]);
    this.#change(addition, "uploading");
    try {
      const id = await sendFile({ name, data: file }, this.parts, {
        signal,
        onProgress: (bytes) => {
          addition.done = bytes;
          this.#tell();
        },
        onLost: (isLost) => this.#change(addition, isLost ? "lost" : "uploading"),
      });
      if (signal.aborted) return void this.parts.requests.end(id);
      addition.entry = { id, folder, name, bytes: file.size, added: new Date().toISOString() };
      this.#change(addition, "listing");
      void this.#list();
    } catch (error) {
      if (signal.aborted) return;
      addition.error = error;
      this.#change(addition, "failed");
    }
  }

  /** Adds all uploaded files to the index in one new version, and then the files that were uploaded meanwhile. */
  async #list() {
    if (this.#isListing) return;
    this.#isListing = true;
    for (let some = this.#arrived(); some.length > 0; some = this.#arrived()) await this.#listSome(some);
    this.#isListing = false;
  }

  #arrived() {
    return this.adding.filter(({ state }) => state === "listing");
  }

  /** @param {Adding[]} some */
  async #listSome(some) {
    const entries = some.flatMap(({ entry }) => (entry ? [entry] : []));
    try {
      await this.index.change((content) => entries.reduce((known, entry) => addFile(entry)(known), content));
      this.#drop(some);
      this.dispatchEvent(new CustomEvent("added", { detail: entries.map(({ name }) => name) }));
    } catch (error) {
      for (const addition of some) {
        addition.error = this.ended.aborted ? new ApiError("locked", "the keys are locked") : error;
        this.#change(addition, "failed");
      }
    }
  }

  /** @param {Adding} addition @param {AddingState} state */
  #change(addition, state) {
    addition.state = state;
    this.#tell();
  }

  /** @param {Adding[]} some */
  #drop(some) {
    this.adding = this.adding.filter((addition) => !some.includes(addition));
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("adding"));
  }
}
