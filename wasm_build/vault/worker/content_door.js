/** The functions with which Python reads the inputs of a stream, each by its name, and sends the reply and the output. */

import { Pending } from "./pending.js";
import { Outlet } from "./outlet.js";
import { takeBuffer, takeReply } from "./python_call.js";
import { openSource } from "./stream_sources.js";

/**
 * @typedef {import("../memory/cleanup.js").Residue} Residue
 * @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes
 * @typedef {import("../owner/cell.js").Source} SourceEnd
 */

export class ContentDoor {
  #residue;
  #progress;
  #post;
  #outlet;
  /** @type {Record<string, import("./stream_sources.js").ByteSource>} */
  #sources;
  /** @type {Record<string, number>} the furthest position read in each source; reading again does not count as progress */
  #furthest = { input: 0, content: 0 };
  #answered = false;

  /**
   * @param {import("../owner/cell.js").StreamEnds} ends
   * @param {Residue} residue
   * @param {Promise<never>} cancelled rejects when the request is cancelled
   * @param {import("./progress.js").Progress} progress
   * @param {(message: object, transfer?: Transferable[]) => void} post sends a message to the page
   */
  constructor({ input, content, output }, residue, cancelled, progress, post) {
    this.#residue = residue;
    this.#progress = progress;
    this.#post = post;
    this.#sources = { input: openSource(input, residue, cancelled) };
    if (content) this.#sources.content = openSource(content, residue, cancelled);
    this.#outlet = new Outlet(output, cancelled);
    progress.expect(totalSize(input, content));
  }

  /** @param {string} name the name of a source */
  has(name) {
    return Object.hasOwn(this.#sources, name);
  }

  /**
   * Resolves with the number of bytes. If the page gave no size, this waits until all bytes have arrived.
   * @param {string} name
   */
  length(name) {
    return new Pending(this.#sources[name].length());
  }

  /**
   * Resolves with some bytes from this position on, which Python copies at once, or with undefined (None) at the end.
   * @param {string} name
   * @param {number} position
   */
  read(name, position) {
    return new Pending(this.#read(name, position));
  }

  /** Announces that no byte will be read twice from now on. @param {string} name */
  readOnce(name) {
    this.#sources[name].readOnce();
  }

  /** Announces that nothing more will be read. @param {string} name */
  release(name) {
    this.#sources[name].release();
  }

  /** Replies to the request, before the first byte is written. @param {any} reply in the form for `takeReply` */
  answer(reply) {
    const { ok } = takeReply(reply, this.#residue);
    this.#answered = true;
    this.#post({ ok }, []);
  }

  /**
   * Writes a copy of bytes. Resolves when the page wants more.
   * @param {PythonBytes} octets lent until the call returns
   */
  write(octets) {
    if (!this.#answered) this.#post({ ok: {} });
    this.#answered = true;
    return new Pending(this.#outlet.put(takeBuffer(octets, this.#residue)));
  }

  /** Resolves when the page has fetched all output. */
  async close() {
    if (!this.#answered) this.#post({ ok: {} });
    this.#answered = true;
    this.#progress.finish();
    await this.#outlet.close();
  }

  /**
   * Reports an error to the reader of the output. Returns true if the reply was already sent.
   * @param {unknown} error
   */
  fail(error) {
    this.#outlet.fail(error);
    return this.#answered;
  }

  /** @param {string} name @param {number} position */
  async #read(name, position) {
    const block = await this.#sources[name].read(position);
    if (block === null) {
      this.#progress.finish();
    } else {
      const end = position + block.length;
      this.#progress.add(Math.max(end - this.#furthest[name], 0));
      this.#furthest[name] = Math.max(end, this.#furthest[name]);
    }
    return block ?? undefined;
  }
}

/**
 * @param {SourceEnd} input
 * @param {SourceEnd | null} content
 * @returns {number | null}
 */
function totalSize(input, content) {
  return input.size === null || content?.size === null ? null : input.size + (content?.size ?? 0);
}
