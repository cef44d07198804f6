/**
 * The symmetric part of the module that Python imports: content ciphers and AES key wrap by WebCrypto, or by code of our
 * own (`ciphers/`) where the browser has no such cipher or no such length of key, and for the ciphers of old mail.
 *
 * What a browser lacks shows when it refuses: it is then asked once with a key and data that are good. Names are
 * WebCrypto's, and DES-CBC (Triple-DES too) and RC2-CBC.
 */

import { attempt, copySmall, withKept, withView } from "./lent_bytes.js";

/** @typedef {import("./cleanup.js").Residue} Residue */
/** @typedef {import("./lent_bytes.js").PythonBytes} PythonBytes */
/** @typedef {typeof import("./ciphers/own_ciphers.js")} OwnCiphers */

const AES_BLOCK_BYTES = 16;
const NOTHING = new Uint8Array(0);
// The newer algorithms take their keys under this name alone.
const RAW_SECRET = /** @type {any} */ ("raw-secret");
// WebCrypto wraps keys, not bytes: an HMAC key may have any length.
const ANY_SECRET = { name: "HMAC", hash: "SHA-256" };

/**
 * Each function gives a promise of an ArrayBuffer, of a Uint8Array where that is small, or of a DOMException's name.
 * @param {Residue} residue
 */
export function createCipherDoor(residue) {
  /** @type {Set<string>} what this browser has shown not to have */
  const lacking = new Set();
  const copy = (/** @type {PythonBytes} */ bytes) => copySmall(residue, bytes);

  /**
   * @param {string} name
   * @param {number} keyBytes
   * @param {() => Promise<ArrayBuffer>} operation
   * @param {(own: OwnCiphers) => ArrayBuffer | Uint8Array} fallback
   */
  const withFallback = async (name, keyBytes, operation, fallback) => {
    const kind = `${name} ${keyBytes}`;
    if (!isOld(name) && !lacking.has(kind)) {
      const outcome = await attempt(residue, operation);
      if (typeof outcome !== "string" || (await browserHas(name, keyBytes))) return outcome;
      lacking.add(kind);
    }
    const own = await import("./ciphers/own_ciphers.js");
    return attempt(residue, async () => fallback(own));
  };

  /**
   * @param {"encrypt" | "decrypt"} operation
   * @param {string} name
   * @param {PythonBytes} cek
   * @param {PythonBytes} iv
   * @param {PythonBytes} aad
   * @param {PythonBytes} data
   * @param {number} bits of the tag; of the counter in counter mode; of the key's effect for RC2
   */
  const crypt = (operation, name, cek, iv, aad, data, bits) => {
    const job = { name, key: copy(cek), iv: copy(iv), aad: copy(aad), bits };
    return withKept(data, (kept) =>
      withFallback(
        name,
        job.key.length,
        async () => {
          const key = await importSecret(job.key, name, [operation]);
          return withView(kept, (view) => {
            residue.noteSecret(view.length);
            return crypto.subtle[operation](webAlgorithm(job), key, view);
          });
        },
        (own) => withView(kept, (view) => own[operation](residue, { ...job, data: view })),
      ),
    );
  };

  return {
    /** @param {string} name @param {PythonBytes} cek @param {PythonBytes} iv @param {PythonBytes} aad @param {PythonBytes} data @param {number} bits */
    encrypt: (name, cek, iv, aad, data, bits) => crypt("encrypt", name, cek, iv, aad, data, bits),

    /** @param {string} name @param {PythonBytes} cek @param {PythonBytes} iv @param {PythonBytes} aad @param {PythonBytes} data @param {number} bits */
    decrypt: (name, cek, iv, aad, data, bits) => crypt("decrypt", name, cek, iv, aad, data, bits),

    /**
     * CBC without padding over whole blocks.
     * @param {string} name @param {PythonBytes} cek @param {PythonBytes} iv @param {PythonBytes} blocks @param {number} bits of the key's effect for RC2
     */
    decryptBlocks: (name, cek, iv, blocks, bits) => {
      const job = { name, key: copy(cek), iv: copy(iv), aad: NOTHING, bits };
      return withKept(blocks, (kept) =>
        withFallback(
          name,
          job.key.length,
          () => decryptAesBlocks(residue, job.key, job.iv, kept),
          (own) => withView(kept, (view) => own.decryptBlocks(residue, { ...job, data: view })),
        ),
      );
    },

    /** @param {PythonBytes} kek @param {PythonBytes} cek */
    wrap: (kek, cek) => {
      const [wrapping, wrapped] = [copy(kek), copy(cek)];
      return withFallback(
        "AES-KW",
        wrapping.length,
        () => wrapByBrowser(wrapping, wrapped),
        (own) => own.wrap(residue, wrapping, wrapped),
      );
    },

    /** @param {PythonBytes} kek @param {PythonBytes} wrapped */
    unwrap: (kek, wrapped) => {
      const [wrapping, input] = [copy(kek), copy(wrapped)];
      return withFallback(
        "AES-KW",
        wrapping.length,
        async () => {
          const key = await importSecret(wrapping, "AES-KW", ["unwrapKey"]);
          const cek = await crypto.subtle.unwrapKey("raw", input, key, "AES-KW", ANY_SECRET, true, ["sign"]);
          return crypto.subtle.exportKey("raw", cek);
        },
        (own) => own.unwrap(residue, wrapping, input),
      );
    },
  };
}

/** @param {string} name */
function isOld(name) {
  return name.startsWith("DES") || name.startsWith("RC2");
}

/**
 * Whether the browser does this with a key of zeros.
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
 * WebCrypto always takes padding away: a block is put behind the last one that decrypts to nothing but padding.
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
  return crypto.subtle.decrypt({ name, iv }, key, padded);
}
