/**
 * The module `sealwax_js` that Python imports: WebCrypto, the ciphers that a browser lacks, PBKDF2, Argon2id and scrypt.
 * They work on bytes in Python's memory.
 *
 * WebCrypto gets bulk data as a view on linear memory and copies the data before the call returns, so that JavaScript
 * has no copy. Results belong to the residue and are overwritten at the end. A refusal is returned as the name of the
 * DOMException and never thrown, so that the browser's text does not reach Python.
 */

import { createCipherDoor } from "./cipher_door.js";
import { createDerivationDoor } from "./derivation_door.js";
import { attempt, copySmall, withView } from "./lent_bytes.js";
import { Pending } from "./pending.js";
import { createStreamDoor } from "./stream_door.js";
import { joinBytes } from "../values/joined_bytes.js";

/** @typedef {import("../memory/cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */

/** The public exponent 65537 of new RSA keys. It must be bytes, so it cannot be in the JSON of the algorithm. */
const PUBLIC_EXPONENT = [1, 0, 1];

/**
 * The functions that Python calls. Those of `createOperations` return a `Pending`.
 * @param {Residue} residue
 * @param {AbortSignal} [cancelling] ends a long derivation
 */
export function createCryptoDoor(residue, cancelling) {
  const awaited = Object.entries(createOperations(residue, cancelling)).map(([name, operation]) => [
    name,
    (/** @type {any[]} */ ...args) => new Pending(/** @type {any} */ (operation)(...args)),
  ]);
  return { ...Object.fromEntries(awaited), ...createStreamDoor(residue) };
}

/** @param {Residue} residue @param {AbortSignal} [cancelling] */
function createOperations(residue, cancelling) {
  return {
    ...createCipherDoor(residue),
    ...createKeys(residue),
    ...createSigning(residue),
    ...createTransport(residue),
    ...createAgreement(residue),
    ...createDerivationDoor(residue, cancelling),
  };
}

/** @param {Residue} residue */
function createKeys(residue) {
  return {
    /** @param {PythonBytes} data SPKI @param {string} algorithm JSON @param {KeyUsage} usage */
    importPublicKey: (data, algorithm, usage) =>
      attempt(residue, () =>
        crypto.subtle.importKey("spki", copySmall(residue, data), JSON.parse(algorithm), false, usage ? [usage] : [])),

    /**
     * @param {PythonBytes} data PKCS#8 without the zeros at its end @param {number} zeros the number of these zeros
     * @param {number} length the length of the key as the browser keeps it @param {string} algorithm JSON @param {KeyUsage} usage
     */
    importPrivateKey: (data, zeros, length, algorithm, usage) =>
      attempt(residue, () => {
        residue.notePrivateKey(algorithm);
        residue.noteSecret(length);
        const imported = crypto.subtle.importKey("pkcs8", copySmall(residue, data, zeros), JSON.parse(algorithm), false, [usage]);
        // Chromium encodes the key again to keep it, and frees a copy.
        residue.rinseFreed(length);
        return imported;
      }),

    /** @param {string} algorithm JSON @param {KeyUsage} usage @returns {Promise<ArrayBuffer | string>} PKCS#8 */
    generateKey: (algorithm, usage) =>
      attempt(residue, async () => {
        const parameters = JSON.parse(algorithm);
        if (parameters.modulusLength) parameters.publicExponent = new Uint8Array(PUBLIC_EXPONENT);
        const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(parameters, true, [usage, "verify"]));
        return crypto.subtle.exportKey("pkcs8", pair.privateKey);
      }),
  };
}

/** @param {Residue} residue */
function createSigning(residue) {
  return {
    /** @param {string} hash @param {PythonBytes} data */
    digest: (hash, data) =>
      attempt(residue, () => withView(data, (view) => {
        residue.noteSecret(view.length);
        return crypto.subtle.digest(hash, view);
      })),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} data */
    sign: (key, algorithm, data) =>
      attempt(residue, () => withView(data, (view) => crypto.subtle.sign(JSON.parse(algorithm), key, view))),

    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} signature @param {PythonBytes} data */
    verify: (key, algorithm, signature, data) =>
      attempt(residue, () => {
        const signatureCopy = copySmall(residue, signature);
        return withView(data, (view) => crypto.subtle.verify(JSON.parse(algorithm), key, signatureCopy, view));
      }),
  };
}

/** @param {Residue} residue */
function createTransport(residue) {
  return {
    /** @param {CryptoKey} key @param {PythonBytes} data */
    encryptOaep: (key, data) => attempt(residue, () => crypto.subtle.encrypt("RSA-OAEP", key, copySmall(residue, data))),

    /** @param {CryptoKey} key @param {PythonBytes} data */
    decryptOaep: (key, data) => attempt(residue, () => crypto.subtle.decrypt("RSA-OAEP", key, copySmall(residue, data))),

    /**
     * Resolves with the ciphertext, followed by the shared secret.
     * @param {CryptoKey} key
     */
    encapsulate: (key) =>
      attempt(residue, async () => {
        const { ciphertext, sharedKey } = await /** @type {any} */ (crypto.subtle).encapsulateBits(key.algorithm, key);
        return join(residue, ciphertext, sharedKey);
      }),

    /** @param {CryptoKey} key @param {PythonBytes} ciphertext */
    decapsulate: (key, ciphertext) =>
      attempt(residue, () => /** @type {any} */ (crypto.subtle).decapsulateBits(key.algorithm, key, copySmall(residue, ciphertext))),
  };
}

/** @param {Residue} residue */
function createAgreement(residue) {
  return {
    /** @param {CryptoKey} key @param {string} algorithm JSON @param {PythonBytes} point @param {number} bits */
    agree: (key, algorithm, point, bits) =>
      attempt(residue, async () => {
        const parameters = JSON.parse(algorithm);
        const other = await crypto.subtle.importKey("raw", copySmall(residue, point), parameters, false, []);
        return crypto.subtle.deriveBits({ name: parameters.name, public: other }, key, bits);
      }),

    /**
     * Resolves with the ephemeral public key, followed by the shared secret.
     * @param {CryptoKey} key @param {string} algorithm JSON @param {number} bits
     */
    agreeEphemeral: (key, algorithm, bits) =>
      attempt(residue, async () => {
        residue.notePrivateKey(algorithm);
        const parameters = JSON.parse(algorithm);
        const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(parameters, false, ["deriveBits"]));
        const point = await crypto.subtle.exportKey("raw", pair.publicKey);
        return join(residue, point, await crypto.subtle.deriveBits({ name: parameters.name, public: key }, pair.privateKey, bits));
      }),
  };
}

/**
 * Returns both parts in one buffer, the secret part second.
 * @param {Residue} residue
 * @param {ArrayBuffer} open
 * @param {ArrayBuffer} secret
 */
function join(residue, open, secret) {
  return joinBytes([new Uint8Array(open), new Uint8Array(residue.keepBuffer(secret))]).buffer;
}
