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
const ROUNDS = 4;
/** Larger blocks go back to the operating system, or are cut up for others soon. */
const MAX_RINSED_BYTES = 65_536;
const IV_BYTES = 12;
const AES = { name: "AES-GCM", length: 256 };
const HMAC = { name: "HMAC", hash: "SHA-256" };

/**
 * Sends zeros through the same ways that the secrets took: import of a key, encryption, decryption.
 * @param {Iterable<number>} lengths of the secrets, in bytes
 */
export async function rinse(lengths) {
  const { subtle } = crypto;
  const sizes = [...lengths].filter((length) => length > 0 && length <= MAX_RINSED_BYTES);
  if (sizes.length === 0) return;
  const key = /** @type {CryptoKey} */ (await subtle.generateKey(AES, false, ["encrypt", "decrypt"]));
  const cipher = { name: AES.name, iv: new Uint8Array(IV_BYTES) };
  const zeros = new Uint8Array(Math.max(...sizes));
  await Promise.all(
    sizes.map(async (size) => {
      const part = zeros.subarray(0, size);
      const keys = Array.from({ length: KEYS_OF_EACH_SIZE }, () => subtle.importKey("raw", part, HMAC, false, ["sign"]));
      for (let round = 0; round < ROUNDS; round += 1) {
        await subtle.decrypt(cipher, key, await subtle.encrypt(cipher, key, part));
      }
      return Promise.all(keys);
    }),
  );
}
