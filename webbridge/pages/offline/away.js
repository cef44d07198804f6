/** The start without a connection, with the mail that this device has kept, and the way back to the bridge. */

import { ApiError } from "../app/api.js";
import { KeptKeyFile } from "../keys/kept_key_file.js";
import { AppFiles } from "./app_files.js";
import { KeptMail } from "./kept_mail.js";
import { MailSource } from "./mail_source.js";
import { Outbox } from "./outbox.js";
import { keepsMail } from "./store.js";
import { WaitingLetters } from "./waiting_letters.js";

/** @typedef {import("../app/service_answers.js").BridgeConfig} BridgeConfig */
/** @typedef {import("./kept_openings.js").KeptOpening} KeptOpening */
/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/** @typedef {[BridgeConfig, string | null]} Answers the bridge's configuration, and the address of the account */
/**
 * `adopt` uses the bridge's configuration; `follow` then reads the trust list from the bridge. `enter` shows the mail of an
 * account. `find` asks the bridge for the account of this tab, or for the account that the tab shows already. `ended` is
 * called if the session of that account has ended meanwhile.
 * @typedef {{
 *   adopt: (config: BridgeConfig) => void, follow: () => Promise<void>, enter: (address: string) => Promise<void>, ended: () => void,
 *   find: (shown: string | null) => Promise<string | null>,
 *   address: () => string | null, isOwnComputer: () => boolean, evidence: import("../../../wasm_build/vault/server/lookups.js").EvidenceStore,
 * }} Steps
 */

export class Away {
  #api;
  #keyFile;
  #steps;
  /** @type {BridgeConfig | null} */
  #config = null;
  /** Whether this page shows an account for which the bridge has not been asked. */
  #hasStarted = false;
  /** The number of answers of authorities that are kept. */
  #answers = 0;
  /** Whether the person can unlock kept mail although nobody has signed in. */
  canEnter = false;

  /**
   * @param {{
   *   api: import("../app/api.js").BridgeApi, keys: import("../keys/keys.js").KeyRing,
   *   passphraseRule: import("../keys/passphrase_rule.js").PassphraseRule,
   * }} services
   * @param {Steps} steps
   */
  constructor({ api, keys, passphraseRule }, steps) {
    this.#api = api;
    this.#steps = steps;
    this.#keyFile = new KeptKeyFile(keys, passphraseRule);
    const account = () => (steps.isOwnComputer() ? steps.address() : null);
    this.mail = new KeptMail(keys, this.#keyFile, account);
    this.source = new MailSource(api, this.mail);
    this.letters = new WaitingLetters(keys, account);
    this.outbox = new Outbox(api.sending, this.letters, this.source);
    this.files = new AppFiles(new URL("./", import.meta.url));
    this.source.addEventListener("back", () => void this.#comeBack());
  }

  /**
   * Asks the bridge at the start. Resolves with null if the bridge cannot be reached but mail is kept here.
   * @returns {Promise<Answers | null>}
   */
  async ask() {
    try {
      return await this.#ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unreachable" || !(await keepsMail())) throw error;
      this.canEnter = true;
      this.source.leave();
      return null;
    }
  }

  /** @returns {Promise<Answers>} */
  async #ask() {
    const answers = /** @type {Answers} */ (await Promise.all([this.#api.config(), this.#steps.find(this.#steps.address())]));
    this.#adopt(answers[0]);
    return answers;
  }

  /** @param {BridgeConfig} config */
  #adopt(config) {
    this.#config = config;
    this.#steps.adopt(config);
  }

  /** Opens the kept mail and the outbox of an account, and looks for a new version of the pages. */
  begin() {
    if (this.canEnter) {
      this.canEnter = false;
      // From now on the views show the kept mail, and say so.
      this.source.dispatchEvent(new Event("away"));
    }
    void this.mail.look().then(() => this.mail.open()).catch(() => undefined);
    this.letters.look();
    if (this.#steps.isOwnComputer()) void this.files.look();
  }

  /** Forgets the account at sign-out, after its kept mail was removed. The files of the pages stay, because they reveal nothing about the person. */
  async end() {
    this.canEnter = false;
    await this.mail.end().catch(() => undefined);
  }

  /** Begins to keep opened mail, and the files of the pages. The passphrase is overwritten. @param {Secret} passphrase */
  async keepMail(passphrase) {
    const address = this.#steps.address();
    if (address === null || !this.#config) return;
    await this.mail.begin({ address, config: this.#config }, passphrase);
    // After this request the browser drops none of the kept data by itself. Some browsers ask the person first.
    void navigator.storage?.persist?.().catch(() => false);
    await this.files.install();
  }

  /**
   * Opens the keys that are kept here with their passphrase, which is overwritten. These are the keys of the shown account,
   * or of all accounts that were kept under this passphrase. The person chooses one account for `enter`.
   * @param {Secret} passphrase
   * @returns {Promise<KeptOpening[]>}
   */
  find(passphrase) {
    return this.mail.findOpenings(passphrase, this.#steps.address());
  }

  /** Unlocks the keys of an account that is kept here, and shows its mail. @param {KeptOpening} opening */
  async enter({ keys, address, config }) {
    await this.#keyFile.unlock(keys);
    if (this.#steps.address() !== null) return;
    this.#adopt(config);
    // A signed trust list replaces the unsigned authorities of the bridge, as at any other start.
    await this.#steps.follow();
    this.#hasStarted = true;
    this.#api.use({ address, account: "" });
    await this.#steps.enter(address);
    // Without a connection, only the kept answers of authorities say whether a certificate was revoked. Old answers do
    // not count.
    const answer = await this.mail.readEvidence();
    if (answer) this.#steps.evidence.keep(answer);
  }

  /** Keeps an opened message, and the answers of authorities about its certificates. @param {import("../app/routes.js").MessageAddress} address @param {ArrayBuffer} message */
  async keepOpened(address, message) {
    await this.mail.keepMessage(address, message);
    const answer = this.#steps.evidence.copy();
    const count = answer.crls.length + answer.ocsp.length;
    if (count === this.#answers || this.mail.state !== "open") return;
    this.#answers = count;
    await this.mail.keepEvidence(answer);
  }

  /** Asks the bridge the questions that a start without a connection has left open. */
  async #comeBack() {
    const shown = this.#steps.address();
    if (this.canEnter) return location.reload();
    if (!this.#hasStarted || shown === null) return;
    const answers = await this.#ask().catch(() => null);
    if (!answers) return;
    this.#hasStarted = false;
    const [, address] = answers;
    if (address === null) return this.#steps.ended();
    await this.#steps.follow();
  }
}
