/**
 * The index of the files that a person keeps. Each version is a parcel to oneself, whose only file is the list of the kept
 * files.
 *
 * The parcel's id is derived from the account and the number of the version, while the ids of kept files are random. So
 * neither another parcel of the person nor another version can be passed off as a version.
 */

import { addressKey } from "../../../wasm_build/ui/formats.js";
import { base64urlFromBytes } from "../../../wasm_build/parcels/base64url.js";
import { overwrite } from "../../../wasm_build/vault/memory/cleanup.js";
import { sha256Hex } from "../../../wasm_build/vault/values/hexadecimal.js";
import { ApiError } from "../../../wasm_build/vault/server/json_requests.js";
import { NOTHING, readContent, writeContent } from "./file_tree.js";

/** @typedef {import("./file_tree.js").Content} Content */
/** @typedef {import("./file_tree.js").Change} Change */
/** @typedef {import("./file_requests.js").IndexLine} IndexLine */
/** @typedef {{number: number, content: Content, used: number, quota: number}} OpenIndex */

const LABEL = "sealwax files index 1";
const ID_BYTES = 16;
const NAME = "files.json";
/** `webbridge.delivery.kept.records.IndexChanged` */
const CHANGED = "index-changed";
const MAX_TRIES = 6;

export class FileIndex {
  #own;
  #requests;
  #seen;
  /** @type {OpenIndex | null} */
  #current = null;
  /** Resolves when all earlier changes are done. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /**
   * @param {import("./own_keys.js").OwnKeys} own
   * @param {import("./file_requests.js").FileRequests} requests
   * @param {import("./seen_index.js").SeenIndex} seen
   */
  constructor(own, requests, seen) {
    this.#own = own;
    this.#requests = requests;
    this.#seen = seen;
  }

  /** The newest version that this page has read or stored; null before the first. */
  get current() {
    return this.#current;
  }

  /**
   * Reads the newest version. Rejects with `files-older` if this browser has seen a later version, or another version with
   * the same number.
   * @param {{acceptOlder?: boolean}} [options] accepts an older version, because the person has agreed to it
   * @returns {Promise<OpenIndex>}
   */
  async read({ acceptOlder = false } = {}) {
    const { line, bytes } = await this.#requests.index();
    const { version: number, objects, manifest: manifestBytes, used, quota } = line;
    if (bytes.length !== objects.reduce((sum, size) => sum + size, manifestBytes)) throw new ApiError("parcel-cut", "an index that is not whole");
    const manifest = bytes.slice(bytes.length - manifestBytes);
    const version = { number, digest: await sha256Hex(manifest.buffer) };
    if (!acceptOlder && await this.#seen.isAfter(version)) {
      throw new ApiError("files-older", `the bridge gives number ${number}, and a later or another one was seen`);
    }
    const content = number === 0 ? NOTHING : await this.#open(number, manifest.buffer, { bytes, objects });
    if (acceptOlder) await this.#seen.agree(version);
    // While this version was opened, another tab or a change in this tab may have stored a later version.
    else if (number > 0 && !(await this.#seen.note(version))) return this.read();
    this.#current = { number, content, used, quota };
    return this.#current;
  }

  /**
   * Changes the newest version, and stores the result. If another device was faster, changes the version from that device.
   * @param {Change} change
   * @returns {Promise<OpenIndex>}
   */
  change(change) {
    const changing = this.#turn.then(() => this.#change(change));
    this.#turn = changing.catch(() => undefined);
    return changing;
  }

  /** @param {Change} change @returns {Promise<OpenIndex>} */
  async #change(change) {
    for (let tries = 1; ; tries += 1) {
      const before = this.#current ?? await this.read();
      const content = change(before.content);
      if (content === before.content) return before;
      try {
        return await this.#store(before, content);
      } catch (error) {
        // If the answer was lost, only the bridge knows which version is the newest.
        this.#current = null;
        if (/** @type {{code?: string}} */ (error).code !== CHANGED || tries >= MAX_TRIES) throw error;
      }
    }
  }

  /** @param {OpenIndex} before @param {Content} content @returns {Promise<OpenIndex>} */
  async #store(before, content) {
    const number = before.number + 1;
    const data = new TextEncoder().encode(writeContent(content, { account: this.#own.account, number }));
    const sizeBytes = data.length;
    const { cms, chunk } = await this.#own.encrypt(data.buffer);
    const { manifest } = await this.#own.build("parcel.finish", {
      parcel: await this.#idOf(number), name: NAME, sizeBytes, at: new Date().toISOString(), wholeBytes: 0, chunks: [chunk],
    });
    const ids = new Set(content.files.map(({ id }) => id));
    const idsBefore = new Set(before.content.files.map(({ id }) => id));
    const digest = await sha256Hex(manifest);
    const { used, quota } = await this.#requests.storeIndex({
      version: number, chunks: [cms], manifest, kept: [...ids].filter((id) => !idsBefore.has(id)),
      deleted: [...idsBefore].filter((id) => !ids.has(id)),
    });
    // Another tab may have seen a later version already. But if it has seen a different version with this number, the bridge
    // has lied.
    if (!(await this.#seen.note({ number, digest }))) return this.read();
    this.#current = { number, content, used, quota };
    return this.#current;
  }

  /**
   * @param {number} number @param {ArrayBuffer} manifest @param {{bytes: Uint8Array, objects: number[]}} stored
   * @returns {Promise<Content>}
   */
  async #open(number, manifest, { bytes, objects }) {
    const { files: [file, ...others] } = await this.#own.verify(manifest, await this.#idOf(number));
    if (!file || others.length > 0 || file.name !== NAME) throw new ApiError("files-damaged", "this is no index");
    if (file.chunks.map(({ cmsBytes }) => cmsBytes).join() !== objects.join()) {
      throw new ApiError("parcel-cut", "the chunks of the index have other sizes");
    }
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let [at, text] = [0, ""];
    for (const { object: _, ...chunk } of file.chunks) {
      const cms = bytes.slice(at, at + chunk.cmsBytes).buffer;
      at += chunk.cmsBytes;
      const { content } = await this.#own.call("parcel.decrypt", { cms, chunk });
      text += decoder.decode(content, { stream: true });
      overwrite(content);
    }
    return readContent(text + decoder.decode(), { account: this.#own.account, number });
  }

  /** @param {number} number */
  async #idOf(number) {
    const text = new TextEncoder().encode(`${LABEL}\0${addressKey(this.#own.account)}\0${number}`);
    return base64urlFromBytes((await crypto.subtle.digest("SHA-256", text)).slice(0, ID_BYTES));
  }
}
