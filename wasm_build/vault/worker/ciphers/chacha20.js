/**
 * ChaCha20 (RFC 8439 section 2.4) for browsers that lack it, such as Firefox. Its numbers of 32 bits are safe there,
 * because Firefox does not put them on the JavaScript heap.
 */

/** @typedef {import("./scratch.js").Scratch} Scratch */

const BLOCK = 64;
const WORDS = 16;
const COUNTER = 12;
const DOUBLE_ROUNDS = 10;
// The text "expand 32-byte k" as words.
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

export class ChaCha20 {
  #start;
  #state;
  #stream;

  /**
   * @param {Scratch} scratch
   * @param {Uint8Array} key 32 bytes
   * @param {Uint8Array} nonce 12 bytes
   */
  constructor(scratch, key, nonce) {
    this.#start = scratch.words32(WORDS);
    this.#state = scratch.words32(WORDS);
    this.#stream = scratch.bytes(BLOCK);
    this.#start.set(CONSTANTS);
    for (let word = 0; word < 8; word++) this.#start[4 + word] = readWord(key, 4 * word);
    for (let word = 0; word < 3; word++) this.#start[COUNTER + 1 + word] = readWord(nonce, 4 * word);
  }

  /**
   * XORs `input` with the next blocks of the key stream. `input` and `output` may be the same. The next call begins with
   * a new block, even if this call has not used the whole last block.
   * @param {Uint8Array} input
   * @param {Uint8Array} output
   */
  apply(input, output) {
    const stream = this.#stream;
    for (let at = 0; at < input.length; at += BLOCK) {
      this.#makeBlock();
      const end = Math.min(at + BLOCK, input.length);
      for (let index = at; index < end; index++) output[index] = input[index] ^ stream[index - at];
    }
  }

  #makeBlock() {
    const [start, state, stream] = [this.#start, this.#state, this.#stream];
    state.set(start);
    for (let round = 0; round < DOUBLE_ROUNDS; round++) {
      mix(state, 0, 4, 8, 12);
      mix(state, 1, 5, 9, 13);
      mix(state, 2, 6, 10, 14);
      mix(state, 3, 7, 11, 15);
      mix(state, 0, 5, 10, 15);
      mix(state, 1, 6, 11, 12);
      mix(state, 2, 7, 8, 13);
      mix(state, 3, 4, 9, 14);
    }
    for (let word = 0; word < WORDS; word++) {
      const sum = (state[word] + start[word]) | 0;
      stream[4 * word] = sum;
      stream[4 * word + 1] = sum >>> 8;
      stream[4 * word + 2] = sum >>> 16;
      stream[4 * word + 3] = sum >>> 24;
    }
    start[COUNTER]++;
  }
}

/**
 * The quarter round (RFC 8439 section 2.1).
 * @param {Int32Array} state
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} d
 */
function mix(state, a, b, c, d) {
  let first = state[a];
  let second = state[b];
  let third = state[c];
  let fourth = state[d];
  first = (first + second) | 0;
  fourth = turn(fourth ^ first, 16);
  third = (third + fourth) | 0;
  second = turn(second ^ third, 12);
  first = (first + second) | 0;
  fourth = turn(fourth ^ first, 8);
  third = (third + fourth) | 0;
  second = turn(second ^ third, 7);
  state[a] = first;
  state[b] = second;
  state[c] = third;
  state[d] = fourth;
}

/**
 * @param {number} word
 * @param {number} bits
 */
function turn(word, bits) {
  return (word << bits) | (word >>> (32 - bits));
}

/**
 * @param {Uint8Array} octets
 * @param {number} at
 */
function readWord(octets, at) {
  return octets[at] | (octets[at + 1] << 8) | (octets[at + 2] << 16) | (octets[at + 3] << 24);
}
