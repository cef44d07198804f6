/**
 * Overwrites the memory that WebCrypto has freed. The browser copies each key and each text into memory blocks of its
 * own, and frees the blocks without overwriting them. We can reach these blocks only with later operations of the same
 * size, because the allocator reuses the blocks for them.
 *
 * tests/vault/test_residue.py measures the effect. Without the rinse, each operation leaves one or two readable copies
 * of a private key until the browser's process ends. With the rinse, no copy stays.
 */

// No key is freed before the last key is made, so that each key takes a different free block of its size.
const KEYS_PER_SIZE = 32;
/** Above this size fewer keys are made, to save memory. A sealed identity with its chain is smaller. */
const LARGE_BYTES = 16_384;
/** The number of keys for sizes above `LARGE_BYTES`, and for the blocks of a text. */
const REDUCED_KEYS_PER_SIZE = 4;
/** This number of keys takes all blocks that one operation has just freed. */
const KEYS_AT_ONCE = 4;
/** The limit on the sizes to rinse. One operation has secrets of about ten sizes; a batch has more with each message. */
const MAX_SIZES = 32;
const ROUNDS = 4;
/** A block above this size has separate memory pages, which the allocator later cuts into small blocks with gaps. */
const PAGE_BYTES = 4_096;
/** Larger blocks, including those of streams, go back to the operating system when freed, and need no rinse. */
const MAX_RINSED_BYTES = 1_048_576 - PAGE_BYTES;
const IV_BYTES = 12;
const AES = { name: "AES-GCM", length: 256 };
const HMAC = { name: "HMAC", hash: "SHA-256" };

// Values computed from the private key of an elliptic curve stay on the stack of a thread. This many concurrent
// operations reach every thread that the browser uses for them.
const USES_OF_EACH_CURVE = 16;

/**
 * Repeats the operations that used secrets, now with zeros and throwaway keys, which overwrite the freed memory.
 * @param {Iterable<number>} lengths of the secrets, in bytes, the latest last
 * @param {Iterable<string>} algorithms of the private keys, as JSON for `importKey`
 */
export async function rinse(lengths, algorithms) {
  const sizes = [...lengths].filter((length) => length > 0 && length <= MAX_RINSED_BYTES).slice(-MAX_SIZES);
  await Promise.allSettled([
    rinseBlocks(sizes, KEYS_PER_SIZE),
    ...Array.from(algorithms, (json) => rinseThreads(JSON.parse(json))),
  ]);
}

/** Overwrites the blocks of texts of these lengths, for which `isCutUp` is true. @param {Iterable<number>} lengths in bytes */
export async function rinseTexts(lengths) {
  await rinseBlocks([...lengths].slice(-MAX_SIZES), REDUCED_KEYS_PER_SIZE).catch(() => {});
}

/**
 * Takes blocks of this length that the browser is freeing, before another part of the browser takes them. If a block
 * gets shorter content, the end of the block cannot be rinsed later. Chromium does these imports on the same thread,
 * after the operations that were begun before.
 * @param {number} length in bytes
 */
export async function takeFreedBlocks(length) {
  const zeros = new Uint8Array(length);
  const take = () => crypto.subtle.importKey("raw", zeros, HMAC, false, ["sign"]);
  if (length > 0 && length <= PAGE_BYTES) await Promise.allSettled(Array.from({ length: KEYS_AT_ONCE }, take));
}

/** Whether a secret's block must be rinsed at once, before the allocator cuts it up. @param {number} length in bytes */
export function isCutUp(length) {
  return length > PAGE_BYTES && length <= MAX_RINSED_BYTES;
}

/**
 * Imports keys of these sizes, and encrypts and decrypts zeros of these sizes.
 * @param {number[]} sizes
 * @param {number} keysPerSize how many keys of each size
 */
async function rinseBlocks(sizes, keysPerSize) {
  if (sizes.length === 0) return;
  const { subtle } = crypto;
  const key = /** @type {CryptoKey} */ (await subtle.generateKey(AES, false, ["encrypt", "decrypt"]));
  const cipher = { name: AES.name, iv: new Uint8Array(IV_BYTES) };
  const zeros = new Uint8Array(Math.max(...sizes));
  await Promise.all(
    sizes.map(async (size) => {
      const part = zeros.subarray(0, size);
      const count = size > LARGE_BYTES ? REDUCED_KEYS_PER_SIZE : keysPerSize;
      const keys = Array.from({ length: count }, () => subtle.importKey("raw", part, HMAC, false, ["sign"]));
      for (let round = 0; round < ROUNDS; round += 1) {
        await subtle.decrypt(cipher, key, await subtle.encrypt(cipher, key, part));
      }
      return Promise.all(keys);
    }),
  );
}

/**
 * Signs, or derives a shared secret, with a throwaway key of the same curve.
 * @param {{name: string, namedCurve?: string}} algorithm
 */
async function rinseThreads(algorithm) {
  const { name } = algorithm;
  const agrees = name === "ECDH" || name === "X25519";
  if (!agrees && name !== "ECDSA" && name !== "Ed25519") return;
  const usages = /** @type {KeyUsage[]} */ (agrees ? ["deriveBits"] : ["sign"]);
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey(algorithm, false, usages));
  const use = () =>
    agrees
      ? crypto.subtle.deriveBits({ name, public: pair.publicKey }, pair.privateKey, 256)
      : crypto.subtle.sign({ name, hash: "SHA-256" }, pair.privateKey, new Uint8Array(1));
  await Promise.all(Array.from({ length: USES_OF_EACH_CURVE }, use));
}
