/**
 * The mail that was opened on this device, for reading it without a connection: messages, rows of lists, and folders.
 *
 * All of it is encrypted under a random key, which the vault seals under a symmetric key of the person's identity. So the
 * mail opens only while the keys are unlocked. The keys are kept too, in a key file under a passphrase, because the key
 * server cannot be reached without a connection. Nothing is kept until the person switches this on, and never on another
 * person's computer. The messages that were opened first are deleted first. Their order is noted without a clock.
 */

import { base64FromBytes, bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";
import { decodeJson, decrypt, encodeJson, encrypt, importKey, KEY_BYTES } from "../keys/bound_cipher.js";
import { ApiError } from "../app/api.js";
import { messagePath } from "../app/routes.js";
import { accountDigest } from "../app/state_database.js";
import { bound, findOpenings, FORMAT, keyPlace, openKey } from "./kept_openings.js";
import {
  countMessages, dropOlderHalf, keepsMail, readAccount, readSealed, removeAccounts, renewAccount, writeAccount, writeSealed,
} from "./store.js";

/** @typedef {import("../mail/folder_answers.js").Folder} Folder */
/** @typedef {import("../mail/list_answers.js").MessageSummary} MessageSummary */
/** @typedef {import("../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../app/routes.js").MessageAddress} MessageAddress */
/** @typedef {import("../../../wasm_build/vault/server/lookups.js").Answer} Answer */
/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {import("./store.js").KeptAccount} KeptAccount */
/** @typedef {import("./kept_openings.js").Head} Head */
/** @typedef {import("./kept_openings.js").KeptOpening} KeptOpening */
/** `opened` are rows of opened messages, which may be older. @typedef {{uidValidity: number, latest: MessageSummary[], opened: MessageSummary[]}} KeptList */

const MAX_KEPT_BYTES = 200_000_000;
/** A larger message is not kept. */
const MAX_MESSAGE_BYTES = 30_000_000;
const MAX_OPENED_ROWS = 200;
const FOLDERS = "folders";
const EVIDENCE = "evidence";

/** Dispatches "change" when the keeping is switched on or off, when the kept mail is opened or closed, and when something was kept. */
export class KeptMail extends EventTarget {
  #keys;
  #keyFile;
  #account;
  #maxBytes;
  /** @type {{kept: KeptAccount, key: CryptoKey} | null} */
  #opened = null;
  /** @type {Promise<boolean> | null} */
  #opening = null;
  #isKept = false;
  /** Resolves when the last write is done. @type {Promise<unknown>} */
  #writing = Promise.resolve();
  /** Why the latest message was not kept: the code of an error, or "". */
  trouble = "";

  /**
   * @param {KeyRing} keys
   * @param {import("../keys/kept_key_file.js").KeptKeyFile} keyFile
   * @param {() => string | null} account the address whose mail is kept; null if nothing may be kept
   * @param {{maxBytes?: number}} [limits]
   */
  constructor(keys, keyFile, account, { maxBytes = MAX_KEPT_BYTES } = {}) {
    super();
    this.#keys = keys;
    this.#keyFile = keyFile;
    this.#account = account;
    this.#maxBytes = maxBytes;
    keys.addEventListener("change", () => {
      if (!keys.unlocked) this.#close();
      else void this.open().catch(() => undefined);
    });
  }

  /** Whether this browser may keep mail for the person. */
  get isAllowed() {
    return this.#account() !== null;
  }

  get state() {
    if (this.#opened) return "open";
    return this.#isKept && this.isAllowed ? "locked" : "none";
  }

  /** The address whose mail may be kept; null if nothing may be kept. */
  get address() {
    return this.#account();
  }

  /** Checks whether the person has switched the keeping on here. Rejects with `storage-refused` if the browser stores nothing. */
  async look() {
    const account = await this.#digest();
    this.#isKept = account !== null && await keepsMail() && (await readAccount(account)) !== null;
    this.#changed();
  }

  /**
   * Begins to keep mail, and keeps the unlocked keys under the passphrase, which is overwritten. If mail is kept
   * already, for instance by another tab, only the passphrase is replaced. Rejects with `storage-full` or `storage-refused`.
   * @param {Head} head
   * @param {Secret} passphrase
   */
  async begin(head, passphrase) {
    try {
      const account = await this.#digest();
      if (account === null) return;
      if (await this.open() && this.#opened) {
        await renewAccount({ ...this.#opened.kept, keys: await this.#keyFile.make(passphrase) });
        return;
      }
      const octets = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
      const vault = await this.#keys.vault();
      const { sealed } = await vault.call("draft.seal", { draft: octets.slice().buffer, place: keyPlace(account), ...this.#keys.copies() });
      const keys = await this.#keyFile.make(passphrase);
      const key = await importKey(octets);
      const sealedHead = await encrypt(key, encodeJson({ format: FORMAT, ...head }), bound(account, "head"));
      await writeAccount({ account, key: sealed, head: sealedHead, keys });
      this.#close();
      await this.open();
    } finally {
      overwrite(passphrase.buffer);
    }
  }

  /** Deletes everything that is kept of the account. */
  async end() {
    const account = await this.#digest();
    if (account !== null) await removeAccounts([account]);
    this.#close();
    this.#isKept = false;
    this.trouble = "";
    this.#changed();
  }

  /** Opens the kept mail if the keys are unlocked. @returns {Promise<boolean>} */
  async open() {
    // The person may have signed in again, and may have said that this is not their computer.
    if (this.#opened && this.#opened.kept.account !== (await this.#digest())) this.#close();
    if (this.#opened) return true;
    this.#opening ??= this.#open().finally(() => { this.#opening = null; });
    return this.#opening;
  }

  async #open() {
    const account = await this.#digest();
    if (account === null || !this.#keys.unlocked || !(await keepsMail())) return false;
    const record = await readAccount(account);
    this.#isKept = record !== null;
    const services = { keys: this.#keys, keyFile: this.#keyFile };
    const key = record && await openKey(services, record, this.#keys.copies({ byPerson: false }));
    if (!key || !this.#keys.unlocked || (await this.#digest()) !== account) return false;
    this.#opened = { kept: record, key };
    this.#changed();
    return true;
  }

  /**
   * The accounts whose kept keys open with a passphrase, as `findOpenings` finds them.
   * @param {Secret} passphrase which is overwritten @param {string | null} address the only account that counts; null for all
   * @returns {Promise<KeptOpening[]>}
   */
  findOpenings(passphrase, address) {
    return findOpenings({ keys: this.#keys, keyFile: this.#keyFile }, passphrase, address);
  }

  /** The number and the size of the kept messages. */
  async count() {
    return this.#opened ? countMessages(this.#opened.kept.account) : { count: 0, bytes: 0 };
  }

  /** @param {MessageAddress} address @param {ArrayBuffer} message which stays as it is */
  async keepMessage(address, message) {
    if (message.byteLength <= MAX_MESSAGE_BYTES) await this.#keep("messages", messagePath(address), message.slice(0));
  }

  /** @param {MessageAddress} address @returns {Promise<ArrayBuffer | null>} null if the message is not kept, or was altered */
  readMessage(address) {
    return this.#read("messages", messagePath(address));
  }

  /** @param {Folder[]} folders */
  async keepFolders(folders) {
    await this.#keep("lists", FOLDERS, encodeJson(folders));
  }

  /** @returns {Promise<Folder[] | null>} */
  async readFolders() {
    const bytes = await this.#read("lists", FOLDERS);
    return bytes && decodeJson(bytes);
  }

  /** Answers of authorities about revocation. The vault checks each of them again. @param {Answer} answer */
  async keepEvidence({ crls, ocsp }) {
    await this.#keep("lists", EVIDENCE, encodeJson({ crls: crls.map(base64FromBytes), ocsp: ocsp.map(base64FromBytes) }));
  }

  /** @returns {Promise<Answer | null>} */
  async readEvidence() {
    const bytes = await this.#read("lists", EVIDENCE);
    if (!bytes) return null;
    const { crls, ocsp } = decodeJson(bytes);
    return { crls: crls.map(bytesFromBase64), ocsp: ocsp.map(bytesFromBase64) };
  }

  /** Keeps the first rows of a folder. @param {string} folder @param {{uidValidity: number, messages: MessageSummary[]}} page */
  async keepList(folder, { uidValidity, messages }) {
    const before = await this.readList(folder);
    const opened = before?.uidValidity === uidValidity ? before.opened : [];
    await this.#keepList(folder, { uidValidity, latest: messages, opened });
  }

  /** Keeps the row of a message that was opened. @param {MessageAddress} address @param {MessageSummary} row */
  async keepRow({ folder, uidValidity }, row) {
    const before = await this.readList(folder);
    if (before?.uidValidity !== uidValidity) return;
    const opened = [row, ...before.opened.filter(({ uid }) => uid !== row.uid)].slice(0, MAX_OPENED_ROWS);
    await this.#keepList(folder, { ...before, opened });
  }

  /** @param {string} folder @returns {Promise<KeptList | null>} */
  async readList(folder) {
    const bytes = await this.#read("lists", `list ${folder}`);
    return bytes && decodeJson(bytes);
  }

  /** @param {string} folder @param {KeptList} list */
  #keepList(folder, list) {
    return this.#keep("lists", `list ${folder}`, encodeJson(list));
  }

  /**
   * Keeps a record. A failure is only noted in `trouble`, because the person can read the mail all the same.
   * @param {import("./store.js").PlacedStore} store @param {string} name @param {ArrayBuffer} clear which is overwritten
   */
  async #keep(store, name, clear) {
    if (!(await this.open().catch(() => false)) || !this.#opened) return overwrite(clear);
    const opened = this.#opened;
    // Writes run one after the other, because a list is read, changed and written.
    this.#writing = this.#writing.then(() => this.#write(opened, store, name, clear)).then(
      () => { this.trouble = ""; },
      (error) => { this.trouble = error.code ?? "storage-refused"; },
    );
    await this.#writing;
    this.#changed();
  }

  /**
   * Resolves with false, and closes, if another tab has deleted the kept mail or has begun anew.
   * @param {{kept: KeptAccount, key: CryptoKey}} opened @param {import("./store.js").PlacedStore} store @param {string} name
   * @param {ArrayBuffer} clear
   */
  async #write(opened, store, name, clear) {
    const { kept: record, key } = opened;
    const place = await placeOf(record.account, name);
    const sealed = await encrypt(key, clear, bound(record.account, place));
    const write = () => writeSealed(record, store, { place, sealed }, { maxBytes: this.#maxBytes });
    const isWritten = await write().catch(async (error) => {
      if (error.code !== "storage-full") throw error;
      // The mail that is opened now is more useful than mail that was opened long ago.
      await dropOlderHalf(record.account);
      return write();
    });
    if (!isWritten && this.#opened === opened) {
      this.#isKept = false;
      this.#close();
    }
    return isWritten;
  }

  /** @param {import("./store.js").PlacedStore} store @param {string} name @returns {Promise<ArrayBuffer | null>} */
  async #read(store, name) {
    if (!(await this.open().catch(() => false)) || !this.#opened) return null;
    const { kept: { account }, key } = this.#opened;
    const place = await placeOf(account, name);
    const sealed = await readSealed(store, place).catch(() => null);
    // A record does not open if it was altered on the disk, or put in the place of another record.
    return sealed && decrypt(key, sealed, bound(account, place)).catch(() => null);
  }

  async #digest() {
    const account = this.#account();
    return account === null ? null : accountDigest(account);
  }

  #close() {
    if (!this.#opened) return;
    this.#opened = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** The place of a record: a hash, so that no file on the disk has the name of a folder. @param {string} account @param {string} name */
async function placeOf(account, name) {
  return `${account} ${await sha256Hex(new TextEncoder().encode(`${account} ${name}`))}`;
}
