/** What Python sees of a stream: its sources by name, a place to answer, a place to write. */

import { Pending } from "./pending.js";
import { Outlet } from "./outlet.js";
import { takeReply } from "./python_call.js";
import { openSource } from "./stream_sources.js";

/**
 * @typedef {import("./cleanup.js").Residue} Residue
 * @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes
 * @typedef {import("./cell.js").Source} SourceEnd
 */

export class ContentDoor {
  #residue;
  #progress;
  #post;
  #outlet;
  /** @type {Record<string, import("./stream_sources.js").ByteSource>} */
  #sources;
  /** @type {Record<string, number>} how far each source has been read; again is no progress */
  #furthest = { input: 0, content: 0 };
  #answered = false;

  /**
   * @param {import("./cell.js").StreamEnds} ends
   * @param {Residue} residue
   * @param {Promise<never>} cancelled rejects when nobody wants anything any more
   * @param {import("./progress.js").Progress} progress
   * @param {(message: object, transfer?: Transferable[]) => void} post to whoever asked
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

  /** @param {string} name of a source */
  has(name) {
    return Object.hasOwn(this.#sources, name);
  }

  /** How many bytes there are; all have to come for it where nobody said. @param {string} name */
  length(name) {
    return new Pending(this.#sources[name].length());
  }

  /**
   * Some bytes from this position on, as a Uint8Array that Python copies at once; undefined, its None, at the end.
   * @param {string} name
   * @param {number} position
   */
  read(name, position) {
    return new Pending(this.#read(name, position));
  }

  /** What is read from now on will not be read again. @param {string} name */
  readOnce(name) {
    this.#sources[name].readOnce();
  }

  /** Nothing will be read any more. @param {string} name */
  release(name) {
    this.#sources[name].release();
  }

  /** Replies to the request, before the first byte is written. @param {any} reply as `takeReply` takes it */
  answer(reply) {
    const { ok } = takeReply(reply, this.#residue);
    this.#answered = true;
    this.#post({ ok }, []);
  }

  /** @param {PythonBytes} octets lent for the length of this call; resolves when more is welcome */
  write(octets) {
    if (!this.#answered) this.#post({ ok: {} });
    this.#answered = true;
    const view = octets.getBuffer("u8");
    const chunk = this.#residue.keepBuffer(new ArrayBuffer(view.data.length));
    new Uint8Array(chunk).set(view.data);
    view.release();
    return new Pending(this.#outlet.put(chunk));
  }

  /** Resolves when everything was fetched. */
  async close() {
    if (!this.#answered) this.#post({ ok: {} });
    this.#answered = true;
    this.#progress.finish();
    await this.#outlet.close();
  }

  /** Tells whoever reads the output; returns whether the request has its reply already. @param {unknown} error */
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
