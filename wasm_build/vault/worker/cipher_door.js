/**
 * The symmetric part of the module that Python imports: content ciphers and AES key wrap. WebCrypto does the work. Our
 * own code (`ciphers/`) is for ciphers or key lengths that the browser lacks, and for the ciphers of old mail.
 *
 * When WebCrypto refuses an operation, one attempt with a valid key and valid data shows whether the browser lacks the
 * cipher. Ciphers have WebCrypto's names. WebCrypto has no names for DES-CBC (here also Triple-DES) and RC2-CBC.
 */

import { attempt, copySmall, withKept, withView } from "./lent_bytes.js";

/** @typedef {import("../memory/cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */
/** @typedef {typeof import("./ciphers/own_ciphers.js")} OwnCiphers */

const AES_BLOCK_BYTES = 16;
const NOTHING = new Uint8Array(0);
// The format of raw keys for newer algorithms; AES takes "raw".
const RAW_SECRET = /** @type {any} */ ("raw-secret");
// WebCrypto wraps keys, not bytes. So bytes are imported as an HMAC key, which may have any length.
const ANY_SECRET = { name: "HMAC", hash: "SHA-256" };

/**
 * @callback WithFallback
 * @param {string} name
 * @param {number} keyBytes
 * @param {() => Promise<ArrayBuffer>} operation
 * @param {(own: OwnCiphers) => ArrayBuffer | Uint8Array} fallback
 * @returns {Promise<ArrayBuffer | Uint8Array | string>}
 */

/**
 * Returns the functions that Python calls. Each resolves with an ArrayBuffer, with a Uint8Array if the result is small,
 * or with the name of a DOMException.
 * @param {Residue} residue
 */
export function createCipherDoor(residue) {
  const withFallback = createFallback(residue);
  return { ...createContentCiphers(residue, withFallback), ...createKeyWrap(residue, withFallback) };
}

/**
 * @param {Residue} residue
 * @returns {WithFallback} a function that tries WebCrypto first, and remembers which ciphers this browser lacks
 */
function createFallback(residue) {
  /** @type {Set<string>} */
  const lacking = new Set();
  return async (name, keyBytes, operation, fallback) => {
    const kind = `${name} ${keyBytes}`;
    if (!isOld(name) && !lacking.has(kind)) {
      const outcome = await attempt(residue, operation);
      if (typeof outcome !== "string" || (await browserHas(name, keyBytes))) return outcome;
      lacking.add(kind);
    }
    const own = await import("./ciphers/own_ciphers.js");
    return attempt(residue, async () => fallback(own));
  };
}

/**
 * @param {Residue} residue
 * @param {WithFallback} withFallback
 */
function createContentCiphers(residue, withFallback) {
  const copy = (/** @type {PythonBytes} */ bytes) => copySmall(residue, bytes);

  /**
   * @param {"encrypt" | "decrypt"} operation
   * @returns {(name: string, cek: PythonBytes, iv: PythonBytes, aad: PythonBytes, data: PythonBytes, bits: number) => Promise<unknown>}
   *   `bits` is the length of the tag; in counter mode the length of the counter; for RC2 the effective key length
   */
  const createCipher = (operation) => (name, cek, iv, aad, data, bits) => {
    const job = { name, key: copy(cek), iv: copy(iv), aad: copy(aad), bits };
    const byBrowser = async (/** @type {PythonBytes} */ bytes) => {
      const key = await importSecret(job.key, name, [operation]);
      return withView(bytes, (view) => {
        noteInput(residue, view.length);
        return crypto.subtle[operation](webAlgorithm(job), key, view);
      });
    };
    return withKept(data, (bytes) => withFallback(name, job.key.length, () => byBrowser(bytes),
      (own) => withView(bytes, (view) => own[operation](residue, { ...job, data: view }))));
  };

  return {
    encrypt: createCipher("encrypt"),
    decrypt: createCipher("decrypt"),

    /**
     * Decrypts whole blocks in CBC mode and leaves the padding in place.
     * @param {string} name @param {PythonBytes} cek @param {PythonBytes} iv @param {PythonBytes} blocks @param {number}
     *   bits the effective key length for RC2
     */
    decryptBlocks: (name, cek, iv, blocks, bits) => {
      const job = { name, key: copy(cek), iv: copy(iv), aad: NOTHING, bits };
      return withKept(blocks, (bytes) => withFallback(name, job.key.length, () => decryptAesBlocks(residue, job.key, job.iv, bytes),
        (own) => withView(bytes, (view) => own.decryptBlocks(residue, { ...job, data: view }))));
    },
  };
}

/**
 * @param {Residue} residue
 * @param {WithFallback} withFallback
 */
function createKeyWrap(residue, withFallback) {
  return {
    /** @param {PythonBytes} kek @param {PythonBytes} cek */
    wrap: (kek, cek) => {
      const [wrapping, wrapped] = [copySmall(residue, kek), copySmall(residue, cek)];
      return withFallback("AES-KW", wrapping.length, () => wrapByBrowser(wrapping, wrapped),
        (own) => own.wrap(residue, wrapping, wrapped));
    },

    /** @param {PythonBytes} kek @param {PythonBytes} wrapped */
    unwrap: (kek, wrapped) => {
      const [wrapping, input] = [copySmall(residue, kek), copySmall(residue, wrapped)];
      return withFallback("AES-KW", wrapping.length, () => unwrapByBrowser(wrapping, input),
        (own) => own.unwrap(residue, wrapping, input));
    },
  };
}

/**
 * Notes the lengths of the memory blocks that the browser uses for encryption or decryption. Firefox decrypts into a
 * block that is longer than the ciphertext by one block of the cipher.
 * @param {Residue} residue @param {number} length
 */
function noteInput(residue, length) {
  residue.noteSecret(length + AES_BLOCK_BYTES);
  residue.noteSecret(length);
}

/** @param {string} name */
function isOld(name) {
  return name.startsWith("DES") || name.startsWith("RC2");
}

/**
 * Whether the browser has this cipher with this key length. Tries to encrypt or wrap under a key of zeros.
 * @param {string} name
 * @param {number} keyBytes
 */
async function browserHas(name, keyBytes) {
  const zeros = new Uint8Array(keyBytes);
  try {
    if (name === "AES-KW") {
      await wrapByBrowser(zeros, zeros);
    } else {
      const iv = new Uint8Array(name === "AES-CBC" || name === "AES-CTR" ? AES_BLOCK_BYTES : 12);
      const key = await importSecret(zeros, name, ["encrypt"]);
      await crypto.subtle.encrypt(webAlgorithm({ name, iv, aad: NOTHING, bits: 128 }), key, NOTHING);
    }
    return true;
  } catch {
    return false;
  }
}

/** @param {{name: string, iv: Uint8Array<ArrayBuffer>, aad: Uint8Array<ArrayBuffer>, bits: number}} job */
function webAlgorithm({ name, iv, aad, bits }) {
  if (name === "AES-CBC") return { name, iv };
  if (name === "AES-CTR") return { name, counter: iv, length: bits };
  return { name, iv, additionalData: aad, tagLength: bits };
}

/**
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {string} name
 * @param {KeyUsage[]} usages
 */
function importSecret(secret, name, usages) {
  return crypto.subtle.importKey(name.startsWith("AES") ? "raw" : RAW_SECRET, secret, name, false, usages);
}

/**
 * @param {Uint8Array<ArrayBuffer>} kek
 * @param {Uint8Array<ArrayBuffer>} cek
 */
async function wrapByBrowser(kek, cek) {
  const imports = [
    crypto.subtle.importKey("raw", cek, ANY_SECRET, true, ["sign"]),
    importSecret(kek, "AES-KW", ["wrapKey"]),
  ];
  const [key, wrapping] = await Promise.all(imports);
  return crypto.subtle.wrapKey("raw", key, wrapping, "AES-KW");
}

/**
 * @param {Uint8Array<ArrayBuffer>} kek
 * @param {Uint8Array<ArrayBuffer>} wrapped
 */
async function unwrapByBrowser(kek, wrapped) {
  const key = await importSecret(kek, "AES-KW", ["unwrapKey"]);
  const cek = await crypto.subtle.unwrapKey("raw", wrapped, key, "AES-KW", ANY_SECRET, true, ["sign"]);
  return crypto.subtle.exportKey("raw", cek);
}

/**
 * Decrypts without checking the padding. WebCrypto always checks and removes padding, so a block that decrypts to valid
 * padding is appended before the call.
 * @param {Residue} residue
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {Uint8Array<ArrayBuffer>} iv
 * @param {PythonBytes} blocks
 */
async function decryptAesBlocks(residue, secret, iv, blocks) {
  const name = "AES-CBC";
  const key = await importSecret(secret, name, ["encrypt", "decrypt"]);
  const padded = withView(blocks, (view) => {
    const copy = new Uint8Array(residue.keepBuffer(new ArrayBuffer(view.length + AES_BLOCK_BYTES)));
    copy.set(view);
    return copy;
  });
  const last = padded.slice(-2 * AES_BLOCK_BYTES, -AES_BLOCK_BYTES);
  const padding = new Uint8Array(await crypto.subtle.encrypt({ name, iv: last }, key, NOTHING));
  padded.set(padding, padded.length - AES_BLOCK_BYTES);
  noteInput(residue, padded.length);
  return crypto.subtle.decrypt({ name, iv }, key, padded);
}
