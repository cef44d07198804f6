/**
 * The part of `sealwax_js` for streams: block ciphers for consecutive chunks, GHASH, and a store for plaintext.
 *
 * A key is imported once for all chunks. A result is overwritten as soon as Python has copied it, so a stream of any
 * length needs little memory.
 */

import { Ghash } from "./ciphers/ghash.js";
import { Scratch } from "./ciphers/scratch.js";
import { attempt, copySmall, withView } from "./lent_bytes.js";
import { Pending } from "./pending.js";

/** @typedef {import("../memory/cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */
/** @typedef {typeof import("./ciphers/own_ciphers.js")} OwnCiphers */

const BLOCK_BYTES = 16; // the block of AES
const STORE_PIECE_BYTES = 4_194_304;
const NOTHING = new Uint8Array(0);

/**
 * The functions that Python calls.
 * @param {Residue} residue
 */
export function createStreamDoor(residue) {
  const buffers = new ReusedBuffers(residue);
  return {
    /**
     * Resolves with a WebBlockKey or an OwnBlockKey.
     * @param {string} name WebCrypto's name, DES-CBC or RC2-CBC @param {PythonBytes} secret @param {number} bits the
     *   effective key length for RC2
     */
    openBlockKey: (name, secret, bits) => new Pending(openBlockKey(residue, buffers, { name, key: copySmall(residue, secret), bits })),

    /** Overwrites a chunk that Python has copied. @param {Uint8Array<ArrayBuffer>} taken */
    forgetChunk: (taken) => residue.wipeBuffer(taken.buffer),

    /** @param {PythonBytes} hashKey */
    startGhash: (hashKey) => {
      const ghash = new Ghash(new Scratch(residue), copySmall(residue, hashKey));
      return {
        /** @param {PythonBytes} data */
        update: (data) =>
          withView(data, (view) => {
            // GHASH reads words at multiples of four bytes, but Python's bytes may begin at any address.
            const copy = buffers.copy(view, 0);
            ghash.update(copy);
            buffers.giveBack(copy);
          }),
        pad: () => ghash.pad(),
        finish: (/** @type {number} */ aadBytes, /** @type {number} */ dataBytes) => ghash.finish(aadBytes, dataBytes),
      };
    },

    openStore: () => new Store(residue),
  };
}

/**
 * @typedef {object} BlockJob
 * @property {string} name
 * @property {Uint8Array<ArrayBuffer>} key
 * @property {number} bits
 */

/**
 * @param {Residue} residue
 * @param {ReusedBuffers} buffers
 * @param {BlockJob} job
 */
async function openBlockKey(residue, buffers, job) {
  try {
    const key = await crypto.subtle.importKey("raw", job.key, job.name, false, ["encrypt", "decrypt"]);
    return new WebBlockKey(residue, buffers, key);
  } catch {
    // WebCrypto lacks the ciphers of old mail. In Chromium it lacks AES-192 too.
    return new OwnBlockKey(residue, await import("./ciphers/own_ciphers.js"), job);
  }
}

/** Block ciphers of WebCrypto, which copies the data before the call returns. */
class WebBlockKey {
  #residue;
  #buffers;
  #key;

  /**
   * @param {Residue} residue
   * @param {ReusedBuffers} buffers
   * @param {CryptoKey} key
   */
  constructor(residue, buffers, key) {
    this.#residue = residue;
    this.#buffers = buffers;
    this.#key = key;
  }

  /** Encrypts whole blocks in CBC mode, without padding. @param {PythonBytes} iv @param {PythonBytes} data */
  encrypt(iv, data) {
    // WebCrypto appends a block of padding, which `#chunk` cuts off.
    return this.#encrypt({ name: "AES-CBC", iv: copyOf(iv) }, data);
  }

  /** Decrypts whole blocks in CBC mode, without checking padding. @param {PythonBytes} iv @param {PythonBytes} data */
  decrypt(iv, data) {
    const [name, first] = ["AES-CBC", copyOf(iv)];
    const padded = withView(data, (view) => this.#buffers.copy(view, BLOCK_BYTES));
    const end = padded.length - BLOCK_BYTES;
    return this.#chunk(end, async () => {
      // WebCrypto always removes padding, so a block that decrypts to padding is appended.
      const last = padded.slice(end - BLOCK_BYTES, end);
      padded.set(new Uint8Array(await crypto.subtle.encrypt({ name, iv: last }, this.#key, NOTHING)), end);
      const decrypted = crypto.subtle.decrypt({ name, iv: first }, this.#key, padded);
      this.#buffers.giveBack(padded);
      return decrypted;
    });
  }

  /**
   * Encrypts or decrypts in counter mode.
   * @param {PythonBytes} counter @param {PythonBytes} data @param {number} bits the length of the counter
   */
  count(counter, data, bits) {
    return this.#encrypt({ name: "AES-CTR", counter: copyOf(counter), length: bits }, data);
  }

  /** @param {AesCbcParams | AesCtrParams} algorithm @param {PythonBytes} data */
  #encrypt(algorithm, data) {
    return withView(data, (view) =>
      this.#chunk(view.length, () => crypto.subtle.encrypt(algorithm, this.#key, view)),
    );
  }

  /**
   * @param {number} length
   * @param {() => Promise<ArrayBuffer>} operation
   */
  #chunk(length, operation) {
    const cut = async () => new Uint8Array(this.#residue.keepBuffer(await operation()), 0, length);
    return new Pending(attempt(this.#residue, cut));
  }
}

/** Block ciphers of our own code, with the same methods as WebBlockKey. */
class OwnBlockKey {
  #residue;
  #own;
  #job;

  /**
   * @param {Residue} residue
   * @param {OwnCiphers} own
   * @param {BlockJob} job
   */
  constructor(residue, own, job) {
    this.#residue = residue;
    this.#own = own;
    this.#job = job;
  }

  /** @param {PythonBytes} iv @param {PythonBytes} data */
  encrypt(iv, data) {
    return this.#chunk(this.#own.encrypt, iv, data);
  }

  /** @param {PythonBytes} iv @param {PythonBytes} data */
  decrypt(iv, data) {
    return this.#chunk(this.#own.decryptBlocks, iv, data);
  }

  /** @param {PythonBytes} counter @param {PythonBytes} data @param {number} bits the length of the counter */
  count(counter, data, bits) {
    return this.#chunk(this.#own.encrypt, counter, data, bits);
  }

  /**
   * @param {OwnCiphers["encrypt"]} operation
   * @param {PythonBytes} iv
   * @param {PythonBytes} data
   * @param {number} [bits]
   */
  #chunk(operation, iv, data, bits = this.#job.bits) {
    const start = copyOf(iv);
    return withView(data, (view) => {
      const cut = async () => {
        const made = operation(this.#residue, { ...this.#job, iv: start, aad: NOTHING, data: view, bits });
        const bytes = made instanceof ArrayBuffer ? new Uint8Array(made) : made;
        return bytes.subarray(0, view.length);
      };
      return new Pending(attempt(this.#residue, cut));
    });
  }
}

/** A growing store of bytes outside Python's memory. */
class Store {
  #residue;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #pieces = [];
  #length = 0;

  /** @param {Residue} residue */
  constructor(residue) {
    this.#residue = residue;
  }

  /** @param {PythonBytes} bytes */
  append(bytes) {
    withView(bytes, (view) => {
      for (let taken = 0; taken < view.length; ) {
        const offset = this.#length % STORE_PIECE_BYTES;
        if (offset === 0) this.#pieces.push(new Uint8Array(this.#residue.keepBuffer(new ArrayBuffer(STORE_PIECE_BYTES))));
        const part = view.subarray(taken, taken + STORE_PIECE_BYTES - offset);
        this.#pieces[this.#pieces.length - 1].set(part, offset);
        taken += part.length;
        this.#length += part.length;
      }
    });
  }

  /**
   * Copies bytes from `start` on into `target`, at most to the end of the piece. Returns the number of copied bytes.
   * @param {number} start
   * @param {PythonBytes} target
   */
  read(start, target) {
    return withView(target, (view) => {
      const offset = start % STORE_PIECE_BYTES;
      const count = Math.min(view.length, STORE_PIECE_BYTES - offset, this.#length - start);
      if (count > 0) view.set(this.#pieces[Math.floor(start / STORE_PIECE_BYTES)].subarray(offset, offset + count));
      return Math.max(count, 0);
    });
  }

  /** Overwrites the whole store. */
  discard() {
    for (const piece of this.#pieces) this.#residue.wipeBuffer(piece.buffer);
    this.#pieces = [];
    this.#length = 0;
  }
}

/** Buffers that are used repeatedly. Each belongs to the residue, which is overwritten at the end. */
class ReusedBuffers {
  #residue;
  /** @type {ArrayBuffer[]} */
  #free = [];

  /** @param {Residue} residue */
  constructor(residue) {
    this.#residue = residue;
  }

  /**
   * A copy of the bytes, with room for `spare` bytes after them.
   * @param {Uint8Array} view
   * @param {number} spare
   */
  copy(view, spare) {
    const length = view.length + spare;
    const index = this.#free.findIndex((buffer) => buffer.byteLength >= length);
    const [buffer] =
      index < 0 ? [this.#residue.keepBuffer(new ArrayBuffer(length))] : this.#free.splice(index, 1);
    const copy = new Uint8Array(buffer, 0, length);
    copy.set(view);
    return copy;
  }

  /** Frees a buffer for the next copy. @param {Uint8Array<ArrayBuffer>} copy a copy that is no longer used */
  giveBack(copy) {
    this.#free.push(copy.buffer);
  }
}

/** A copy on the JavaScript heap. @param {PythonBytes} bytes not secret, such as an IV */
function copyOf(bytes) {
  return withView(bytes, (view) => view.slice());
}
