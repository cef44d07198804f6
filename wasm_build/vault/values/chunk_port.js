/**
 * Chunks of bytes over a MessagePort, from a giver to a taker. The giver sends a chunk when the taker asks for it. The
 * chunk is transferred, never cloned.
 *
 * The taker posts "more" or "stop". The giver answers each "more" with `{chunk: ArrayBuffer}`,
 * `{end: true}` or `{error: {code, message}}`.
 */

import { describeError, VaultError } from "../errors/vault_error.js";

/**
 * Sends a chunk each time the taker asks for one.
 * @param {MessagePort} port
 * @param {() => Promise<ArrayBuffer | null>} next resolves with the next chunk, or with null at the end
 * @param {() => void} stop called when the taker wants no more chunks, or has received the end
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

/** The taker of chunks. It asks for one chunk at a time. */
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
   * Resolves with the next chunk, or with null at the end.
   * @returns {Promise<ArrayBuffer | null>}
   */
  take() {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting = { resolve, reject };
      this.#port.postMessage("more");
    });
  }

  /** Tells the giver to stop. */
  stop() {
    this.#port.postMessage("stop");
  }

  /** @param {{chunk?: unknown, end?: unknown, error?: {code: string, message: string}}} message */
  #receive({ chunk, end, error }) {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (chunk instanceof ArrayBuffer) return waiting?.resolve(chunk);
    if (end === true) {
      // The giver learns in this way that the end has arrived.
      this.stop();
      return waiting?.resolve(null);
    }
    this.#failure = new VaultError(error?.code ?? "bad-request", error?.message ?? "neither a chunk nor an end");
    waiting?.reject(this.#failure);
  }
}
