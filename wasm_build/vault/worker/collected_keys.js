/**
 * The proof that the browser has collected the keys of an operation. WebCrypto keeps a copy of each secret key as long
 * as its CryptoKey lives. No script can end the life of a CryptoKey, but a FinalizationRegistry reports its end.
 */

/** The time, and on a slow device the number of rounds, for collecting keys. Without other work a round takes 4 to 5 ms. */
const PATIENCE_MILLISECONDS = 100;
const PATIENCE_ROUNDS = 20;
const PAUSE_MILLISECONDS = 4;
// Buffers that are dropped and never touched make browsers collect garbage. They take only address space. Firefox
// collects when half a gigabyte exists at once, Chromium when a few buffers of this size have come and gone, some
// milliseconds apart.
const PRESSURE_BYTES = 33_554_432;
const [HELD_BUFFERS, DROPPED_BUFFERS] = [16, 4];
const MAKERS = /** @type {const} */ (["importKey", "generateKey", "unwrapKey", "deriveKey"]);

/** The numbers of the keys that may still be alive. @type {Set<number>} */
const living = new Set();
let latest = 0;
// No WeakRef is used, because reading it would keep the key alive until the running collection has ended.
const registry = new FinalizationRegistry((/** @type {number} */ number) => living.delete(number));

/** Watches every secret or private key that WebCrypto makes in this Worker from now on. */
export function watchKeys() {
  const { subtle } = crypto;
  for (const name of MAKERS) {
    const make = /** @type {(...given: any[]) => Promise<CryptoKey | CryptoKeyPair>} */ (subtle[name]).bind(subtle);
    const value = async (/** @type {any[]} */ ...parameters) => {
      const made = await make(...parameters);
      const key = "privateKey" in made ? made.privateKey : made;
      if (key.type !== "public") watch(key);
      return made;
    };
    Object.defineProperty(subtle, name, { value });
  }
}

/** @param {CryptoKey} key */
function watch(key) {
  latest += 1;
  living.add(latest);
  registry.register(key, latest);
}

/** Forgets the keys that were made so far, because they are not secret, such as the keys of the rehearsal. */
export function forgetKeys() {
  living.clear();
}

/**
 * Makes the browser collect garbage.
 * @returns {Promise<boolean>} whether all watched keys are gone
 */
export async function collectKeys() {
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  let count = HELD_BUFFERS;
  for (let round = 0; living.size > 0; round += 1) {
    if (round >= PATIENCE_ROUNDS && performance.now() > deadline) return false;
    Array.from({ length: count }, () => new ArrayBuffer(PRESSURE_BYTES));
    count = DROPPED_BUFFERS;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
  return true;
}
