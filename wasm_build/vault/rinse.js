/**
 * Overwrites what WebCrypto has freed: the browser copies each key and each text into blocks of its own, and gives them
 * back to its allocator as they are. Nothing can reach them any more but later operations of the same size, which the
 * allocator serves from the blocks that it got back.
 *
 * Measured (tests/browser/test_residue.py watches it): without this a private key stays readable in the browser's
 * process for as long as that lives, a copy or two for each operation; with it, not at all.
 */

// Each holds a block of its own until all are made, so that they fill the holes among the blocks still in use.
const KEYS_OF_EACH_SIZE = 32;
/** Beyond, many at once would take much memory; a sealed identity with its chain is smaller. */
const LARGE_BYTES = 16_384;
const KEYS_OF_EACH_LARGE_SIZE = 4;
/** One operation has about ten; a batch has those of each message, and always again those of the person's keys. */
const MAX_SIZES = 32;
const ROUNDS = 4;
/** Beyond, a block is whole pages, which the allocator cuts up for small blocks, and those leave holes. */
const PAGE_BYTES = 4_096;
/** Larger blocks, those of a stream too, go back to the operating system. */
const MAX_RINSED_BYTES = 1_048_576 - PAGE_BYTES;
const IV_BYTES = 12;
const AES = { name: "AES-GCM", length: 256 };
const HMAC = { name: "HMAC", hash: "SHA-256" };

// What is computed with the private number of a curve stays on the stack of the thread that did it; at once, several
// such operations reach every thread that the browser keeps for them.
const USES_OF_EACH_CURVE = 16;

/**
 * Sends zeros and throwaway keys through the same ways that the secrets took.
 * @param {Iterable<number>} lengths of the secrets, in bytes, the latest last
 * @param {Iterable<string>} algorithms of private keys, as JSON for `importKey`
 */
export async function rinse(lengths, algorithms) {
  const sizes = [...lengths].filter((length) => length > 0 && length <= MAX_RINSED_BYTES).slice(-MAX_SIZES);
  await Promise.allSettled([rinseBlocks(sizes), ...Array.from(algorithms, (json) => rinseThreads(JSON.parse(json)))]);
}

/** Whether zeros have to follow a secret at once, before its block is cut up. @param {number} length */
export function isCutUp(length) {
  return length > PAGE_BYTES && length <= MAX_RINSED_BYTES;
}

/**
 * Import of a key, encryption, decryption.
 * @param {number[]} sizes
 */
async function rinseBlocks(sizes) {
  if (sizes.length === 0) return;
  const { subtle } = crypto;
  const key = /** @type {CryptoKey} */ (await subtle.generateKey(AES, false, ["encrypt", "decrypt"]));
  const cipher = { name: AES.name, iv: new Uint8Array(IV_BYTES) };
  const zeros = new Uint8Array(Math.max(...sizes));
  await Promise.all(
    sizes.map(async (size) => {
      const part = zeros.subarray(0, size);
      const count = size > LARGE_BYTES ? KEYS_OF_EACH_LARGE_SIZE : KEYS_OF_EACH_SIZE;
      const keys = Array.from({ length: count }, () => subtle.importKey("raw", part, HMAC, false, ["sign"]));
      for (let round = 0; round < ROUNDS; round += 1) {
        await subtle.decrypt(cipher, key, await subtle.encrypt(cipher, key, part));
      }
      return Promise.all(keys);
    }),
  );
}

/**
 * Signing or agreeing with a key that protects nothing.
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
