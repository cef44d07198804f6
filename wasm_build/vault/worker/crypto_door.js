/**
 * The module `sealwax_js` that Python imports: WebCrypto, the ciphers that a browser lacks, Argon2id and scrypt over the
 * bytes of Python's memory.
 *
 * Bulk data is handed to WebCrypto as a view on linear memory: WebCrypto takes its own copy before the call returns,
 * so that no JavaScript copy exists. Everything that comes back is kept in the residue and overwritten at the end.
 * A refusal is returned as the name of the DOMException, never thrown: its text belongs to the browser.
 */

import { createCipherDoor } from "./cipher_door.js";
import { deriveArgon2id, deriveScrypt } from "./hash_door.js";
import * as lent from "./lent_bytes.js";
import { Pending } from "./pending.js";
import { createStreamDoor } from "./stream_door.js";

/** @typedef {import("./cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */

/**
 * The functions that Python calls; each of `createOperations` gives a `Pending`.
 * @param {Residue} residue
 */
export function createCryptoDoor(residue) {
  const operations = createOperations(residue);
  const awaited = Object.entries(operations).map(([name, operation]) => [
    name,
    (/** @type {any[]} */ ...args) => new Pending(/** @type {any} */ (operation)(...args)),
  ]);
  return { ...Object.fromEntries(awaited), ...createStreamDoor(residue) };
}

/** @param {Residue} residue */
function createOperations(residue) {
  const { subtle } = crypto;
  const copySmall = (/** @type {PythonBytes} */ bytes) => lent.copySmall(residue, bytes);

  /**
   * @template T
   * @param {() => Promise<T>} operation
   */
  const attempt = (operation) => lent.attempt(residue, operation);

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
    ...createCipherDoor(residue),

    /** @param {string} hash @param {PythonBytes} data */
    digest: (hash, data) => attempt(() => lent.withView(data, (view) => {
      residue.noteSecret(view.length);
      return subtle.digest(hash, view);
    })),

    /** @param {"spki" | "pkcs8"} format @param {PythonBytes} data @param {string} algorithm JSON @param {KeyUsage} usage */
    importKey: (format, data, algorithm, usage) =>
      attempt(() => {
        if (format === "pkcs8") residue.notePrivateKey(algorithm);
        return subtle.importKey(format, copySmall(data), JSON.parse(algorithm), false, usage ? [usage] : []);
      }),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} data */
    sign: (key, algorithm, data) =>
      attempt(() => lent.withView(data, (view) => subtle.sign(JSON.parse(algorithm), key, view))),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} signature @param {PythonBytes} data */
    verify: (key, algorithm, signature, data) =>
      attempt(() => {
        const signatureCopy = copySmall(signature);
        return lent.withView(data, (view) => subtle.verify(JSON.parse(algorithm), key, signatureCopy, view));
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
        residue.notePrivateKey(algorithm);
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
