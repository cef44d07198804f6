/**
 * The module `sealwax_js` that Python imports: WebCrypto, Argon2id and scrypt over the bytes of Python's memory.
 *
 * Bulk data is handed to WebCrypto as a view on linear memory: WebCrypto takes its own copy before the call returns,
 * so that no JavaScript copy exists. Everything that comes back is kept in the residue and overwritten at the end.
 * A refusal is returned as the name of the DOMException, never thrown: its text belongs to the browser.
 */

import { deriveArgon2id, deriveScrypt } from "./hash_door.js";

/** @typedef {import("./cleanup.js").Residue} Residue */
/**
 * @typedef {object} PythonBytes lent for the length of the call; a copy of the proxy lasts until it is destroyed
 * @property {(kind: "u8") => {data: Uint8Array<ArrayBuffer>, release(): void}} getBuffer
 * @property {() => PythonBytes} copy
 * @property {() => void} destroy
 */

/** A promise that Python hands back to its stepper unseen: a bare one it would wrap into its own event loop. */
export class Pending {
  /** @param {Promise<unknown>} promise */
  constructor(promise) {
    this.promise = promise;
  }
}

// Small buffers stand inline on the JavaScript heap, where nothing overwrites them.
const SMALL_SECRET_BYTES = 4096;

/**
 * The functions that Python calls, each of which gives a `Pending`.
 * @param {Residue} residue
 */
export function createCryptoDoor(residue) {
  const operations = createOperations(residue);
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (/** @type {any[]} */ ...args) => new Pending(/** @type {any} */ (operation)(...args)),
    ]),
  );
}

/** @param {Residue} residue */
function createOperations(residue) {
  const { subtle } = crypto;

  /**
   * A copy of a small value in a buffer of its own.
   * @param {PythonBytes} bytes
   */
  const copySmall = (bytes) =>
    withView(bytes, (view) => {
      const buffer = residue.keepBuffer(new ArrayBuffer(Math.max(SMALL_SECRET_BYTES, view.length)));
      const copy = new Uint8Array(buffer, 0, view.length);
      copy.set(view);
      return copy;
    });

  /**
   * @template T
   * @param {() => Promise<T>} operation
   * @returns {Promise<T | string>}
   */
  const attempt = async (operation) => {
    try {
      const result = await operation();
      if (result instanceof ArrayBuffer) residue.keepBuffer(result);
      return result;
    } catch (error) {
      if (error instanceof DOMException) return error.name;
      throw error;
    }
  };

  /**
   * @param {string} name
   * @param {PythonBytes} iv
   * @param {PythonBytes} aad
   * @param {number} bits of the tag; of the counter in counter mode
   */
  const cipher = (name, iv, aad, bits) => {
    if (name === "AES-CBC") return { name, iv: copySmall(iv) };
    if (name === "AES-CTR") return { name, counter: copySmall(iv), length: bits };
    return { name, iv: copySmall(iv), additionalData: copySmall(aad), tagLength: bits };
  };

  /**
   * @param {PythonBytes} secret
   * @param {string} name
   * @param {KeyUsage[]} usages
   */
  const importSecret = (secret, name, usages) =>
    subtle.importKey(name.startsWith("AES") ? "raw" : RAW_SECRET, copySmall(secret), name, false, usages);

  /**
   * One buffer with both parts behind one another.
   * @param {ArrayBuffer} open
   * @param {ArrayBuffer} secret
   */
  const join = (open, secret) => {
    const both = new Uint8Array(new ArrayBuffer(open.byteLength + secret.byteLength));
    both.set(new Uint8Array(open));
    both.set(new Uint8Array(residue.keepBuffer(secret)), open.byteLength);
    return both.buffer;
  };

  return {
    /** @param {string} hash @param {PythonBytes} data */
    digest: (hash, data) => attempt(() => withView(data, (view) => subtle.digest(hash, view))),

    /** @param {"spki" | "pkcs8"} format @param {PythonBytes} data @param {string} algorithm JSON @param {KeyUsage} usage */
    importKey: (format, data, algorithm, usage) =>
      attempt(() => subtle.importKey(format, copySmall(data), JSON.parse(algorithm), false, usage ? [usage] : [])),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} data */
    sign: (key, algorithm, data) =>
      attempt(() => withView(data, (view) => subtle.sign(JSON.parse(algorithm), key, view))),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} signature @param {PythonBytes} data */
    verify: (key, algorithm, signature, data) =>
      attempt(() => {
        const signatureCopy = copySmall(signature);
        return withView(data, (view) => subtle.verify(JSON.parse(algorithm), key, signatureCopy, view));
      }),

    /** @param {string} name @param {PythonBytes} cek @param {PythonBytes} iv @param {PythonBytes} aad @param {PythonBytes} data @param {number} bits */
    encrypt: (name, cek, iv, aad, data, bits) =>
      attempt(() => {
        const algorithm = cipher(name, iv, aad, bits);
        return withKept(data, async (kept) => {
          const key = await importSecret(cek, name, ["encrypt"]);
          return withView(kept, (view) => subtle.encrypt(algorithm, key, view));
        });
      }),

    /** @param {string} name @param {PythonBytes} cek @param {PythonBytes} iv @param {PythonBytes} aad @param {PythonBytes} data @param {number} bits */
    decrypt: (name, cek, iv, aad, data, bits) =>
      attempt(() => {
        const algorithm = cipher(name, iv, aad, bits);
        return withKept(data, async (kept) => {
          const key = await importSecret(cek, name, ["decrypt"]);
          return withView(kept, (view) => subtle.decrypt(algorithm, key, view));
        });
      }),

    /** @param {CryptoKey} key @param {PythonBytes} data */
    encryptOaep: (key, data) => attempt(() => subtle.encrypt("RSA-OAEP", key, copySmall(data))),

    /** @param {CryptoKey} key @param {PythonBytes} data */
    decryptOaep: (key, data) => attempt(() => subtle.decrypt("RSA-OAEP", key, copySmall(data))),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} point @param {number} bits */
    agree: (key, algorithm, point, bits) =>
      attempt(async () => {
        const parameters = JSON.parse(algorithm);
        const other = await subtle.importKey("raw", copySmall(point), parameters, false, []);
        return subtle.deriveBits({ name: parameters.name, public: other }, key, bits);
      }),

    /**
     * The ephemeral public key and behind it the shared secret.
     * @param {CryptoKey} key @param {string} algorithm JSON @param {number} bits
     */
    agreeEphemeral: (key, algorithm, bits) =>
      attempt(async () => {
        const parameters = JSON.parse(algorithm);
        const pair = /** @type {CryptoKeyPair} */ (await subtle.generateKey(parameters, false, ["deriveBits"]));
        const point = await subtle.exportKey("raw", pair.publicKey);
        return join(point, await subtle.deriveBits({ name: parameters.name, public: key }, pair.privateKey, bits));
      }),

    /**
     * The ciphertext and behind it the shared secret.
     * @param {CryptoKey} key
     */
    encapsulate: (key) =>
      attempt(async () => {
        const { ciphertext, sharedKey } = await /** @type {any} */ (subtle).encapsulateBits(key.algorithm, key);
        return join(ciphertext, sharedKey);
      }),

    /** @param {CryptoKey} key @param {PythonBytes} ciphertext */
    decapsulate: (key, ciphertext) =>
      attempt(() => /** @type {any} */ (subtle).decapsulateBits(key.algorithm, key, copySmall(ciphertext))),

    /** @param {PythonBytes} kek @param {PythonBytes} cek */
    wrap: (kek, cek) =>
      attempt(async () => {
        const keys = [importAnySecret(subtle, copySmall(cek)), importSecret(kek, "AES-KW", ["wrapKey"])];
        const [key, wrapping] = await Promise.all(keys);
        return subtle.wrapKey("raw", key, wrapping, "AES-KW");
      }),

    /** @param {PythonBytes} kek @param {PythonBytes} wrapped */
    unwrap: (kek, wrapped) =>
      attempt(async () => {
        const input = copySmall(wrapped);
        const wrapping = await importSecret(kek, "AES-KW", ["unwrapKey"]);
        const usages = /** @type {KeyUsage[]} */ (["sign"]);
        const cek = await subtle.unwrapKey("raw", input, wrapping, "AES-KW", ANY_SECRET, true, usages);
        return subtle.exportKey("raw", cek);
      }),

    /** @param {string} algorithm JSON @param {KeyUsage} usage @returns {Promise<ArrayBuffer | string>} PKCS#8 */
    generateKey: (algorithm, usage) =>
      attempt(async () => {
        const parameters = JSON.parse(algorithm);
        // 65537, which JSON has no bytes for.
        if (parameters.modulusLength) parameters.publicExponent = new Uint8Array([1, 0, 1]);
        const pair = /** @type {CryptoKeyPair} */ (await subtle.generateKey(parameters, true, [usage, "verify"]));
        return subtle.exportKey("pkcs8", pair.privateKey);
      }),

    /** @param {PythonBytes} secret @param {PythonBytes} salt @param {number} memory KiB @param {number} passes @param {number} lanes @param {number} length */
    argon2id: (secret, salt, memory, passes, lanes, length) =>
      deriveArgon2id(residue, { secret: copySmall(secret), salt: copySmall(salt), memory, passes, lanes, length }),

    /** @param {PythonBytes} secret @param {PythonBytes} salt @param {number} cost @param {number} blockSize @param {number} lanes @param {number} length */
    scrypt: (secret, salt, cost, blockSize, lanes, length) =>
      deriveScrypt(residue, { secret: copySmall(secret), salt: copySmall(salt), cost, blockSize, lanes, length }),
  };
}

// The newer algorithms take their keys under this name alone.
const RAW_SECRET = /** @type {any} */ ("raw-secret");

// WebCrypto wraps keys, not bytes: an HMAC key may have any length.
const ANY_SECRET = { name: "HMAC", hash: "SHA-256" };

/**
 * @param {SubtleCrypto} subtle
 * @param {Uint8Array<ArrayBuffer>} secret
 */
function importAnySecret(subtle, secret) {
  return subtle.importKey("raw", secret, ANY_SECRET, true, ["sign"]);
}

/**
 * Keeps Python's bytes for an operation that waits before it reads them.
 * @template T
 * @param {PythonBytes} bytes
 * @param {(kept: PythonBytes) => Promise<T>} use
 */
async function withKept(bytes, use) {
  const kept = bytes.copy();
  try {
    return await use(kept);
  } finally {
    kept.destroy();
  }
}

/**
 * Lends a view on Python's bytes. It must be used up before the call returns: linear memory may move afterwards.
 * @template T
 * @param {PythonBytes} bytes
 * @param {(view: Uint8Array<ArrayBuffer>) => T} use
 * @returns {T}
 */
function withView(bytes, use) {
  const borrowed = bytes.getBuffer("u8");
  try {
    return use(borrowed.data);
  } finally {
    borrowed.release();
  }
}
