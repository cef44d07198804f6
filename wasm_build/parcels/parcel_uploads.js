/**
 * The requests that bring a parcel to the bridge: its announcement, its objects with tus 1.0, and its submission.
 *
 * A lost connection costs only the piece that was being sent. HEAD says how many bytes the bridge has, and PATCH goes on there.
 * If another bridge has the beginning of an object, its upload starts again. All requests can be repeated, because they name the
 * same parcel id.
 */

import { ApiError, JSON_TYPE, readJson } from "../vault/server/json_requests.js";
import { isPassing, pauseUntilOnline } from "./online_pause.js";

/** @typedef {{method: string, headers?: Record<string, string>, body?: BodyInit, signal?: AbortSignal}} UploadOptions */
/** @typedef {(path: string, options: UploadOptions) => Promise<Response>} Ask sends a request in the name of the sender */
/** @typedef {{id: string, reference: string, expires: string, state: string}} CreatedParcel */
/** @typedef {{signal: AbortSignal, onLost?: (isLost: boolean) => void}} Waiting `onLost` reports that the connection is lost or back */

/** The number of bytes in a request. It is small, so that progress is visible and only a little is sent again. */
export const PIECE_BYTES = 4 * 1024 * 1024;
const OFFSET_TYPE = "application/offset+octet-stream";
const OCTETS_TYPE = { "Content-Type": "application/octet-stream" };
const VERSION = { "Tus-Resumable": "1.0.0" };
const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 15_000;
/** After so many requests in a row without a new byte, the person is asked. They take a bit more than a minute. */
const MAX_TRIES = 9;
/**
 * The codes for these cases: the bridge is still writing the bytes of a lost connection; the sender has too many uploads at once;
 * the upload began at another bridge.
 */
const BUSY = new Set(["upload-busy", "wrong-offset", "try-later", "not-found"]);
/** The code if the bridge does not have the parcel yet. An aborted request that creates the parcel may still arrive. */
const UNKNOWN = "no-such-parcel";
/** The most tries to withdraw a parcel. They take seven seconds. */
const MAX_WITHDRAWALS = 4;
const DIGITS = /^\d{1,15}$/u;

export class ParcelUploads {
  #ask;
  #language;
  #place;
  #pause;

  /**
   * @param {Ask} ask
   * @param {{language: string, place?: string, pause?: import("./online_pause.js").Pause}} options `language` is the
   *   language that the sender reads, or "" if no mail is sent; `place` is the path of all parcels, or of kept files
   */
  constructor(ask, { language, place = "/api/parcels", pause = pauseUntilOnline }) {
    this.#ask = ask;
    this.#language = language;
    this.#place = place;
    this.#pause = pause;
  }

  /**
   * Announces a parcel. Sends all its objects too if the parcel goes in one request.
   * @param {ArrayBuffer} line
   * @param {ArrayBuffer[]} objects
   * @param {Waiting} waiting
   * @returns {Promise<CreatedParcel>}
   */
  create(line, objects, waiting) {
    const body = new Blob([line, ...objects]);
    // The service writes to the sender in this language.
    const headers = { ...JSON_TYPE, ...(this.#language ? { "Accept-Language": this.#language } : {}) };
    return this.patiently(waiting, async () => readJson(
      await this.#ask(this.#place, { method: "POST", headers, body, signal: waiting.signal }),
    ));
  }

  /**
   * Uploads an object. The bridge may already have a part of it.
   * @param {{id: string, name: string, data: ArrayBuffer}} object
   * @param {Waiting & {onProgress?: (bytes: number) => void}} waiting `onProgress` gets the bytes of the object that the bridge has
   */
  async put({ id, name, data }, { onProgress = () => {}, ...waiting }) {
    const upload = new Upload(this.#ask, { path: `${this.#place}/${id}/objects`, name, data, signal: waiting.signal });
    let most = 0;
    await this.patiently(waiting, async (isGoingOn) => {
      while (!upload.isWhole) {
        await upload.step();
        if (upload.offset > most) isGoingOn();
        most = Math.max(most, upload.offset);
        onProgress(upload.offset);
      }
    }, BUSY);
  }

  /**
   * Hands over the manifest, and lets the bridge notify the recipients.
   * @param {string} id @param {ArrayBuffer} manifest @param {Waiting} waiting @returns {Promise<CreatedParcel>}
   */
  submit(id, manifest, waiting) {
    return this.patiently(waiting, async () => readJson(await this.finish(`${id}/submit`, manifest, waiting.signal)));
  }

  /** Sends the manifest, which is the last object. @param {string} path @param {ArrayBuffer} manifest @param {AbortSignal} signal */
  finish(path, manifest, signal) {
    return this.#ask(`${this.#place}/${path}`, { method: "POST", headers: OCTETS_TYPE, body: manifest, signal });
  }

  /**
   * Withdraws a parcel, even if it is not submitted, and has its bytes deleted.
   * @param {string} id @param {AbortSignal} signal
   */
  async withdraw(id, signal) {
    for (let tries = 1; ; tries += 1) {
      const isKnown = await this.#post(`${this.#place}/${id}/withdraw`, signal).then(() => true, (error) => {
        if (error?.code !== UNKNOWN || tries >= MAX_WITHDRAWALS) throw error;
        return false;
      });
      if (isKnown) return;
      await this.#pause(FIRST_PAUSE_MILLISECONDS * 2 ** (tries - 1), signal);
    }
  }

  /** @param {string} path @param {AbortSignal} signal */
  #post(path, signal) {
    return this.#ask(path, { method: "POST", headers: JSON_TYPE, body: "{}", signal });
  }

  /**
   * Runs an action again after an error that may pass.
   * @template T
   * @param {Waiting} waiting
   * @param {(isGoingOn: () => void) => Promise<T>} action calls its argument when there is progress
   * @param {Set<string>} [busy] the codes of further errors that pass, besides errors of connection and server
   * @returns {Promise<T>}
   */
  async patiently({ signal, onLost = () => {} }, action, busy = new Set()) {
    let tries = 0;
    const isGoingOn = () => {
      if (tries > 0) onLost(false);
      tries = 0;
    };
    for (;;) {
      signal.throwIfAborted();
      try {
        const result = await action(isGoingOn);
        isGoingOn();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        tries += 1;
        const mayPass = isPassing(error) || busy.has(/** @type {any} */ (error)?.code);
        if (!mayPass || tries >= MAX_TRIES) throw error;
        onLost(true);
        await this.#pause(Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (tries - 1), LONGEST_PAUSE_MILLISECONDS), signal);
      }
    }
  }
}

/** One object on its way. */
class Upload {
  #ask;
  #object;
  /** Whether a request for this object was made, so that the bridge may have bytes of it. */
  #hasBegun = false;
  #isKnown = false;
  offset = 0;

  /** @param {Ask} ask @param {{path: string, name: string, data: ArrayBuffer, signal: AbortSignal}} object */
  constructor(ask, object) {
    this.#ask = ask;
    this.#object = object;
  }

  get isWhole() {
    return this.#isKnown && this.offset === this.#object.data.byteLength;
  }

  /** Sends the next piece. After an error it first asks how many bytes have arrived. */
  async step() {
    if (!this.#isKnown && this.#hasBegun && await this.#look()) return;
    const isFirst = !this.#isKnown;
    this.#hasBegun = true;
    this.#isKnown = false;
    const before = isFirst ? 0 : this.offset;
    this.#take(await (isFirst ? this.#create() : this.#patch()));
    if (this.offset <= before) throw new ApiError("server-error", "an upload that does not go on");
  }

  /** Resolves with false if the bridge has no such object. */
  async #look() {
    const { path, name, signal } = this.#object;
    const answer = await this.#ask(`${path}/${name}`, { method: "HEAD", headers: VERSION, signal }).catch((error) => {
      if (error?.status === 404) return null;
      throw error;
    });
    if (answer) this.#take(answer);
    return answer !== null;
  }

  #create() {
    const { path, name, data, signal } = this.#object;
    const metadata = { "Upload-Length": String(data.byteLength), "Upload-Metadata": `name ${btoa(name)}` };
    const headers = { ...VERSION, ...metadata, "Content-Type": OFFSET_TYPE };
    return this.#ask(path, { method: "POST", headers, body: this.#piece(0), signal });
  }

  #patch() {
    const { path, name, signal } = this.#object;
    const headers = { ...VERSION, "Upload-Offset": String(this.offset), "Content-Type": OFFSET_TYPE };
    return this.#ask(`${path}/${name}`, { method: "PATCH", headers, body: this.#piece(this.offset), signal });
  }

  /** @param {number} from */
  #piece(from) {
    const { data } = this.#object;
    return new Uint8Array(data, from, Math.min(PIECE_BYTES, data.byteLength - from));
  }

  /** @param {Response} answer */
  #take({ headers }) {
    const header = headers.get("Upload-Offset") ?? "";
    const offset = Number(header);
    if (!DIGITS.test(header) || offset > this.#object.data.byteLength) throw new ApiError("server-error", `an upload at ${header}`);
    this.offset = offset;
    this.#isKnown = true;
  }
}
