/**
 * Our side of each job: one request to the vault and its reply. Afterwards the Worker is reset to its saved image. With the
 * strict setting, the Worker ends and a new Worker starts.
 */

import { openVault } from "/runtime/vault.js";

/**
 * @typedef {import("./bench.js").Person} Person
 * @typedef {import("./bench.js").Jobs} Jobs
 */

const BASE = new URL("/runtime/", location.href);
const PASSPHRASE_BYTES = 4096;
const CHUNK_BYTES = 1_048_576;
// A wait for a Worker longer than this means that it has just started, and rehearses. Users begin their next operation
// later than that, so the measurements wait too.
const START_MILLISECONDS = 20;
const REHEARSAL_MILLISECONDS = 1000;

/** @param {string} cipher `cbc` or `gcm` @param {object} [options] of `openVault` */
export const vaultSide = (cipher, options = {}) => ({
  /** @type {any} */
  vault: null,
  /** The number of operations whose cleanup has not ended. */
  cleaning: 0,
  /** @type {((report: {bytesZeroed: number, milliseconds: number}) => void)[]} */
  waiting: [],

  async open() {
    this.vault = await openVault({ base: BASE, saveBytes: false, ...options });
    this.vault.onCleanup = (/** @type {{bytesZeroed: number, milliseconds: number}} */ report) => {
      this.cleaning = Math.max(0, this.cleaning - 1);
      for (const resolve of this.waiting.splice(0)) resolve(report);
    };
  },

  /** Resolves when no cleanup is running and a Worker has rehearsed. Resolves at once if the vault was not started. */
  async settled() {
    if (!this.vault) return;
    while (this.cleaning > 0) await this.nextCleanup();
    // The vault takes a Worker back, or notices its end, right after the report.
    await pause(0);
    const begun = performance.now();
    await this.vault.ready;
    if (performance.now() - begun > START_MILLISECONDS) await pause(REHEARSAL_MILLISECONDS);
  },

  /** @returns {Promise<{bytesZeroed: number, milliseconds: number}>} the report of the next cleanup */
  nextCleanup() {
    return new Promise((resolve) => this.waiting.push(resolve));
  },

  /** @param {string} verb @param {object} args @returns {Promise<any>} */
  call(verb, args) {
    this.cleaning += 1;
    return this.vault.call(verb, args);
  },

  /** @param {Person} person @returns {Promise<Jobs>} */
  async prepare(person) {
    const sealKey = crypto.getRandomValues(new Uint8Array(32));
    const opened = await this.call("identity.open", {
      p12: person.p12.slice(0),
      passphrase: secret(new TextEncoder().encode(person.passphrase)),
      sealKey: secret(sealKey),
    });
    const keys = () => ({ identities: [opened.identities[0].sealed.slice(0)], sealKey: secret(sealKey) });
    const trust = () => ({ anchors: [{ certificate: person.anchor.slice(0) }], revocation: "not-checked" });
    const at = () => new Date().toISOString();
    /** @param {string} verb @param {object} args @param {string} member of the reply */
    const call = (verb, args, member) => async () => (await this.call(verb, args))[member];
    const decrypt = (/** @type {ArrayBuffer} */ cms) => call("bytes.decrypt", { cms, ...keys() }, "content");
    return {
      sign: (content) => call("bytes.sign", { content, ...keys(), at: at() }, "cms"),
      verify: (cms) => {
        const args = { cms, trust: trust(), at: at() };
        return async () => {
          const { report, content } = await this.call("bytes.verify", args);
          if (report.state !== "verified") throw new Error(`the report says ${report.state}`);
          return content;
        };
      },
      encrypt: (content) =>
        call("bytes.encrypt", { content, recipients: [person.certificate.slice(0)], cipher }, "cms"),
      decrypt,
      "decrypt v1.5": decrypt,
      subjects: async (rows) =>
        (await this.call("message.subjects", { messages: rows.map(({ mail }) => mail), ...keys() })).subjects,
      stream: async (job, file) => {
        /** @type {Record<string, object>} */
        const args = {
          sign: { ...keys(), at: at() },
          verify: { trust: trust(), at: at() },
          encrypt: { recipients: [person.certificate.slice(0)], cipher },
          decrypt: keys(),
        };
        this.cleaning += 1;
        const { output, reply } = this.vault.stream(
          `stream.${job}`,
          { form: "cms", ...args[job] },
          { input: file.body, size: Number(file.headers.get("Content-Length")) },
        );
        const bytes = await countBytes(output);
        const { report } = await reply;
        if (job === "verify" && report.state !== "verified") throw new Error(`the report says ${report.state}`);
        return bytes;
      },
    };
  },
});

/**
 * Returns the number of bytes of a stream. It is read into one buffer again and again, as if it were written to a file.
 * @param {ReadableStream<Uint8Array>} stream
 */
async function countBytes(stream) {
  const reader = stream.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  for (let bytes = 0; ; ) {
    const { value, done } = await reader.read(new Uint8Array(buffer));
    if (done || !value) return bytes;
    bytes += value.length;
    ({ buffer } = value);
  }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @param {Uint8Array} octets */
function secret(octets) {
  const buffer = new ArrayBuffer(PASSPHRASE_BYTES);
  new Uint8Array(buffer).set(octets);
  return { buffer, length: octets.length };
}
