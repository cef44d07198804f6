/**
 * The vault for applications: `types/sealwax.d.ts` describes each method.
 *
 * Arguments are copied. The copies are transferred to the Worker, which overwrites them. Results belong to the caller.
 */

import { overwrite, SECRET_BUFFER_BYTES } from "../memory/cleanup.js";
import { LIMITS, SealedSession } from "../storage/session.js";
import { loadCatalogue } from "../../ui/catalogue.js";
import { SecretField } from "../../ui/secret_field.js";
import { openVault as openRuntime, VaultError } from "./vault.js";

export { VaultError };

/**
 * @typedef {import("../types/sealwax.js").Octets} Octets
 * @typedef {import("../types/sealwax.js").Secret} Secret
 * @typedef {import("../types/sealwax.js").Trust} Trust
 * @typedef {import("../types/sealwax.js").CallOptions} CallOptions
 * @typedef {import("../types/sealwax.js").Certificate} Certificate
 * @typedef {import("../types/sealwax.js").StreamSource} StreamSource
 * @typedef {import("../types/sealwax.js").StreamOptions} StreamOptions
 * @typedef {import("../types/sealwax.js").SealwaxOperations} Api
 */
/** @typedef {Certificate & {sealed: ArrayBuffer}} SealedIdentity */

const MINUTE_MILLISECONDS = 60_000;

/** @type {typeof import("../types/sealwax.js").openVault} */
export async function openVault({ idleMinutes, ...options } = {}) {
  const limits = { ...LIMITS, ...(idleMinutes && { idleMilliseconds: idleMinutes * MINUTE_MILLISECONDS }) };
  return /** @type {any} */ (new SealwaxVault(await openRuntime(options), limits));
}

/** @type {typeof import("../types/sealwax.js").createPassphraseField} */
export async function createPassphraseField(options) {
  // In the built folder the catalogue is in `ui/` beside this module.
  const translate = await loadCatalogue("en", [new URL("./ui/messages.en.json", import.meta.url)]);
  return new SecretField({ translate, ...options });
}

/** @implements {Api} */
class SealwaxVault extends EventTarget {
  #vault;
  #session;
  /** @type {SealedIdentity[]} */
  #identities = [];
  #leave = () => this.#session.lock("left");

  /**
   * @param {import("./vault.js").Vault} vault
   * @param {import("../storage/session.js").Limits} limits
   */
  constructor(vault, limits) {
    super();
    this.#vault = vault;
    this.#session = new SealedSession({ limits });
    this.#session.addEventListener("locked", (event) => {
      this.#identities.forEach(({ sealed }) => overwrite(sealed));
      this.#identities = [];
      void this.#vault.retire();
      this.#tell("lock", { reason: /** @type {import("../storage/session.js").LockedEvent} */ (event).reason });
    });
    vault.onCleanup = (report) => this.#tell("cleanup", report);
    addEventListener("pagehide", this.#leave);
  }

  get identities() {
    this.#session.check();
    return this.#identities.map(({ sealed, certificate, ...known }) => ({ ...known, certificate: certificate.slice(0) }));
  }

  /** @type {Api["unlock"]} */
  async unlock(file, passphrase, options) {
    const secret = takeSecret(passphrase);
    const ended = this.#session.ended;
    const opening = { p12: copy(file), passphrase: secret, sealKey: this.#session.keyForUnlock() };
    const { identities } = await this.#guarded().call("identity.open", opening, options);
    if (identities.length === 0) throw new VaultError("no-identity-in-file", "the file holds no private key with its certificate");
    this.#session.begin(ended);
    const known = new Set(this.#identities.map(({ fingerprint }) => fingerprint));
    this.#identities.push(...identities.filter((/** @type {SealedIdentity} */ { fingerprint }) => !known.has(fingerprint)));
    const opened = this.identities;
    this.#tell("unlock", { identities: opened });
    return opened;
  }

  /** @type {Api["lock"]} */
  lock() {
    this.#session.lock("hand");
  }

  /** @type {Api["sign"]} */
  async sign(content, { detached = false, scheme, ...options } = {}) {
    const args = { content: copy(content), ...this.#keys(), at: now(), detached, scheme };
    return (await this.#guarded().call("bytes.sign", args, options)).cms;
  }

  /** @type {Api["verify"]} */
  async verify(cms, { trust, at, content, ...options } = {}) {
    const args = { cms: copy(cms), content: content && copy(content), ...judging(trust, at) };
    const { report, content: signed } = await this.#vault.call("bytes.verify", args, options);
    return { report, content: signed };
  }

  /** @type {Api["encrypt"]} */
  async encrypt(content, { to, cipher = "cbc", ...options }) {
    const args = { content: copy(content), recipients: to.map(copy), cipher };
    return (await this.#vault.call("bytes.encrypt", args, options)).cms;
  }

  /** @type {Api["decrypt"]} */
  async decrypt(cms, options) {
    return (await this.#guarded().call("bytes.decrypt", { cms: copy(cms), ...this.#keys() }, options)).content;
  }

  /** @type {Api["decryptAll"]} */
  async *decryptAll(many, options) {
    const ended = this.#session.ended;
    const requests = Array.from(many, (cms) => ({ verb: "bytes.decrypt", args: { cms: copy(cms), ...this.#keys() } }));
    for await (const outcome of this.#vault.batch(requests, withSignal(options, ended))) {
      yield "error" in outcome ? outcome.error : outcome.ok.content;
    }
  }

  /** @type {Api["inspect"]} */
  async inspect(file, { passphrase, ...options } = {}) {
    const args = { content: copy(file), passphrase: passphrase && takeSecret(passphrase) };
    return this.#vault.call("bytes.inspect", args, options);
  }

  /** @type {Api["compose"]} */
  async compose(letter, { sign = true, to = [], cipher = "cbc", ...options } = {}) {
    const draft = {
      cc: [], references: [], ...letter, hidden: [], date: now(),
      text: new TextEncoder().encode(letter.text).buffer,
      messageId: letter.messageId ?? newMessageId(letter.from),
      attachments: (letter.attachments ?? []).map((attachment) => ({ ...attachment, data: copy(attachment.data) })),
    };
    const keys = sign ? this.#keys() : { identities: [] };
    const args = { draft, sign, ...keys, recipients: to.map(copy), cipher };
    return (await this.#guarded().call("message.compose", args, options)).message;
  }

  /** @type {Api["open"]} */
  async open(message, { trust, at, ...options } = {}) {
    const keys = this.#session.isOpen ? this.#keys() : { identities: [] };
    const args = { message: copy(message), ...keys, ...judging(trust, at) };
    const { report, text, attachments, headers } = await this.#guarded().call("message.verify", args, options);
    const decoded = new TextDecoder().decode(text);
    overwrite(text);
    return { report, text: decoded, attachments, headers };
  }

  /** @type {Api["signStream"]} */
  async signStream(source, { detached, scheme, form = "cms", ...options } = {}) {
    return this.#stream("stream.sign", { ...this.#keys(), at: now(), detached, scheme, form }, source, options);
  }

  /** @type {Api["verifyStream"]} */
  async verifyStream(source, { trust, at, form = "cms", ...options } = {}) {
    return this.#stream("stream.verify", { ...judging(trust, at), form }, source, options);
  }

  /** @type {Api["encryptStream"]} */
  async encryptStream(source, { to, cipher = "cbc", form = "cms", ...options }) {
    return this.#stream("stream.encrypt", { recipients: to.map(copy), cipher, form }, source, options);
  }

  /** @type {Api["decryptStream"]} */
  async decryptStream(source, { form = "cms", ...options } = {}) {
    return this.#stream("stream.decrypt", { ...this.#keys(), form }, source, options);
  }

  /** @type {Api["close"]} */
  close() {
    removeEventListener("pagehide", this.#leave);
    this.#session.lock("hand");
    this.#vault.close();
  }

  /**
   * @param {string} verb
   * @param {object} args
   * @param {StreamSource} input
   * @param {CallOptions & {size?: number, content?: StreamSource, contentSize?: number}} options
   */
  #stream(verb, args, input, options) {
    const ended = "sealKey" in args ? this.#session.ended : undefined;
    return this.#vault.stream(verb, args, { ...withSignal(options, ended), input });
  }

  #guarded() {
    return this.#session.guard(this.#vault);
  }

  /** Copies of the sealed identities and their key for one operation. The operation counts as a use of the session. */
  #keys() {
    const sealKey = this.#session.useKey();
    if (!sealKey) throw new VaultError("locked", "no keys are open: unlock them first");
    return { identities: this.#identities.map(({ sealed }) => sealed.slice(0)), sealKey };
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {Octets} octets @returns {ArrayBuffer} */
function copy(octets) {
  if (octets instanceof ArrayBuffer) return octets.slice(0);
  const { buffer, byteOffset, byteLength } = octets;
  return /** @type {ArrayBuffer} */ (buffer.slice(byteOffset, byteOffset + byteLength));
}

/**
 * Moves a passphrase into a new buffer outside the JavaScript heap, and overwrites the given bytes.
 * @param {Secret} secret
 */
function takeSecret(secret) {
  const octets = secret instanceof Uint8Array ? secret : new Uint8Array(secret.buffer, 0, secret.length);
  if (octets.length > SECRET_BUFFER_BYTES) {
    octets.fill(0);
    throw new VaultError("bad-request", `a passphrase has at most ${SECRET_BUFFER_BYTES} bytes`);
  }
  const taken = new ArrayBuffer(SECRET_BUFFER_BYTES);
  new Uint8Array(taken).set(octets);
  const { length } = octets;
  octets.fill(0);
  return { buffer: taken, length };
}

/** @param {Trust} [trust] @param {Date} [at] */
function judging({ anchors = [], mozilla = false, revocation, crls = [], ocsp = [], certificates = [] } = {}, at = new Date()) {
  const evidence = { crls: crls.map(copy), ocsp: ocsp.map(copy), certificates: certificates.map(copy) };
  const named = anchors.map((anchor) => ({ certificate: copy(anchor) }));
  return { trust: { anchors: named, mozilla, revocation, evidence }, at: at.toISOString() };
}

/**
 * @template {CallOptions} T
 * @param {T | undefined} options
 * @param {AbortSignal} [ended]
 */
function withSignal(options, ended) {
  const signals = [options?.signal, ended].filter((signal) => signal !== undefined);
  return { ...options, signal: AbortSignal.any(signals) };
}

/** A new Message-ID (RFC 5322 section 3.6.4). @param {string} from */
function newMessageId(from) {
  const domain = /@([^>\s]+)/u.exec(from)?.[1] ?? "localhost";
  return `<${crypto.randomUUID()}@${domain}>`;
}

function now() {
  return new Date().toISOString();
}
