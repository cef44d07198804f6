/**
 * Chunks of bytes over a MessagePort: each is transferred, never cloned, and leaves when the other side asked for it.
 *
 * The side that takes posts "more" or "stop"; the side that gives answers each "more" by `{chunk: ArrayBuffer}`,
 * `{end: true}` or `{error: {code, message}}`.
 */

import { describeError } from "./failures.js";
import { VaultError } from "./vault_error.js";

/**
 * Gives chunks for as long as they are asked for.
 * @param {MessagePort} port
 * @param {() => Promise<ArrayBuffer | null>} next null at the end
 * @param {() => void} stop called when the other side wants no more
 */
export function giveChunks(port, next, stop) {
  const give = async () => {
    try {
      const chunk = await next();
      if (chunk === null) port.postMessage({ end: true });
      else port.postMessage({ chunk }, [chunk]);
    } catch (error) {
      port.postMessage({ error: describeError(error) });
    }
  };
  port.onmessage = ({ data }) => {
    if (data === "more") void give();
    else if (data === "stop") stop();
  };
}

/** The side that takes. One chunk is on its way at a time. */
export class ChunkTaker {
  #port;
  /** @type {{resolve: (chunk: ArrayBuffer | null) => void, reject: (error: unknown) => void} | null} */
  #waiting = null;
  /** @type {VaultError | null} */
  #failure = null;

  /** @param {MessagePort} port */
  constructor(port) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#receive(data ?? {});
  }

  /**
   * The next chunk, null at the end.
   * @returns {Promise<ArrayBuffer | null>}
   */
  take() {
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure);
      this.#waiting = { resolve, reject };
      this.#port.postMessage("more");
    });
  }

  /** Wants no more. */
  stop() {
    this.#port.postMessage("stop");
  }

  /** @param {{chunk?: unknown, end?: unknown, error?: {code: string, message: string}}} message */
  #receive({ chunk, end, error }) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (chunk instanceof ArrayBuffer) return waiting?.resolve(chunk);
    if (end === true) {
      // So that the other side knows that its last words have arrived.
      this.stop();
      return waiting?.resolve(null);
    }
    this.#failure = new VaultError(error?.code ?? "bad-request", error?.message ?? "neither a chunk nor an end");
    waiting?.reject(this.#failure);
  }
}
