/** Decryption with RC2 (RFC 2268), for mail of the 1990s, in words of 16 bits. The code is not constant-time. */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 8;
const EXPANDED_BYTES = 128;
const PITABLE = octetsOf(
  "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2" +
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82" +
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626" +
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7" +
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec" +
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731" +
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9" +
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad",
);

export class Rc2 {
  blockLength = BLOCK;
  #schedule;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} key 1 to 128 bytes
   * @param {number} effectiveBits 1 to 1024
   */
  constructor(scratch, key, effectiveBits) {
    this.#schedule = expandKey(scratch, key, effectiveBits);
  }

  /**
   * Decrypts one block (RFC 2268 section 4): five, six and five mixing rounds, with a mashing round between them.
   * @param {Uint8Array} input
   * @param {number} from
   * @param {Uint8Array} output
   * @param {number} to
   */
  decrypt(input, from, output, to) {
    const k = this.#schedule;
    let a = input[from] | (input[from + 1] << 8);
    let b = input[from + 2] | (input[from + 3] << 8);
    let c = input[from + 4] | (input[from + 5] << 8);
    let d = input[from + 6] | (input[from + 7] << 8);
    for (let at = 60; at >= 0; at -= 4) {
      d = (((d >> 5) | (d << 11)) - k[at + 3] - (c & b) - (~c & a)) & 0xffff;
      c = (((c >> 3) | (c << 13)) - k[at + 2] - (b & a) - (~b & d)) & 0xffff;
      b = (((b >> 2) | (b << 14)) - k[at + 1] - (a & d) - (~a & c)) & 0xffff;
      a = (((a >> 1) | (a << 15)) - k[at] - (d & c) - (~d & b)) & 0xffff;
      if (at === 44 || at === 20) {
        d = (d - k[c & 63]) & 0xffff;
        c = (c - k[b & 63]) & 0xffff;
        b = (b - k[a & 63]) & 0xffff;
        a = (a - k[d & 63]) & 0xffff;
      }
    }
    output[to] = a;
    output[to + 1] = a >> 8;
    output[to + 2] = b;
    output[to + 3] = b >> 8;
    output[to + 4] = c;
    output[to + 5] = c >> 8;
    output[to + 6] = d;
    output[to + 7] = d >> 8;
  }
}

/**
 * The 64 words of the expanded key (RFC 2268 section 2).
 * @param {Scratch} scratch
 * @param {Uint8Array} key
 * @param {number} effectiveBits
 */
function expandKey(scratch, key, effectiveBits) {
  const octets = scratch.bytes(EXPANDED_BYTES);
  octets.set(key);
  for (let at = key.length; at < EXPANDED_BYTES; at++) {
    octets[at] = PITABLE[(octets[at - 1] + octets[at - key.length]) & 255];
  }
  const count = Math.ceil(effectiveBits / 8);
  const first = EXPANDED_BYTES - count;
  octets[first] = PITABLE[octets[first] & (255 >> (8 * count - effectiveBits))];
  for (let at = first - 1; at >= 0; at--) octets[at] = PITABLE[octets[at + 1] ^ octets[at + count]];
  const words = scratch.words16(EXPANDED_BYTES / 2);
  for (let at = 0; at < words.length; at++) words[at] = octets[2 * at] | (octets[2 * at + 1] << 8);
  return words;
}

/** @param {string} hex */
function octetsOf(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) => parseInt(hex.slice(2 * index, 2 * index + 2), 16));
}
