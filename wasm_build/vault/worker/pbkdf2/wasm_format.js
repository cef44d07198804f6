/**
 * The binary format of WebAssembly modules (Core Specification 2.0, chapter 5), as far as PBKDF2 needs it: one memory,
 * exported functions without results, and instructions on words of 32 or 64 bits.
 *
 * Code is an array of bytes and of such arrays. The code of an operand comes before the instruction that uses it.
 */

/** @typedef {(number | Code)[]} Code */
/** @typedef {{name: string, parameters: number[], locals: number[], body: Code}} WasmFunction */

export const I32 = 0x7f;
const I64 = 0x7e;
const FUNCTION_TYPE = 0x60;
const SECTIONS = { types: 1, functions: 3, memories: 5, exports: 7, bodies: 10 };
const [FUNCTION_EXPORT, MEMORY_EXPORT] = [0, 2];
const [LOOP, END, BRANCH_IF, CALL] = [0x03, 0x0b, 0x0d, 0x10];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE] = [0x20, 0x21, 0x22];
const [I32_CONST, I32_ADD] = [0x41, 0x6a];
const NO_RESULT = 0x40;
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
// The memory begins with one page of 64 KiB, and cannot grow.
const ONE_PAGE = [1, 1, 1];

/**
 * A module that exports its functions, and its memory as `memory`. Functions call each other by their positions.
 * @param {WasmFunction[]} functions
 */
export function buildModule(functions) {
  const types = functions.map(({ parameters }) => [FUNCTION_TYPE, vector(parameters), vector([])]);
  const named = functions.map(({ name }, index) => [text(name), FUNCTION_EXPORT, index]);
  const bodies = functions.map(({ locals, body }) => sized([vector(locals.map((type) => [1, type])), body, END]));
  const sections = [
    [SECTIONS.types, sized(vector(types))],
    [SECTIONS.functions, sized(vector(functions.map((_, index) => index)))],
    [SECTIONS.memories, sized(vector([ONE_PAGE]))],
    [SECTIONS.exports, sized(vector([[text("memory"), MEMORY_EXPORT, 0], ...named]))],
    [SECTIONS.bodies, sized(vector(bodies))],
  ];
  return Uint8Array.from(flatten([MAGIC_AND_VERSION, sections]));
}

/** Instructions on words of one size. */
export class Words {
  /** @param {4 | 8} bytes the size of a word */
  constructor(bytes) {
    const isWide = bytes === 8;
    this.bytes = bytes;
    this.type = isWide ? I64 : I32;
    this.highestBit = 1n << BigInt(8 * bytes - 1);
    // Arithmetic on i64 has the opcodes of i32 plus 18.
    this.moved = isWide ? 18 : 0;
    this.codes = isWide
      ? { constant: 0x42, load: 0x29, store: 0x37, align: 3 }
      : { constant: I32_CONST, load: 0x28, store: 0x36, align: 2 };
  }

  /** @param {bigint | number} value @returns {Code} */
  constant(value) {
    return [this.codes.constant, signedLeb(BigInt.asIntN(8 * this.bytes, BigInt(value)))];
  }

  /** @param {Code} address @param {number} offset @returns {Code} */
  load(address, offset) {
    return [address, this.codes.load, this.codes.align, leb(offset)];
  }

  /** @param {Code} address @param {number} offset @param {Code} value @returns {Code} */
  store(address, offset, value) {
    return [address, value, this.codes.store, this.codes.align, leb(offset)];
  }

  /** @param {...Code} terms */
  add(...terms) {
    return this.#chain(terms, 0x6a);
  }

  /** @param {...Code} terms */
  and(...terms) {
    return this.#chain(terms, 0x71);
  }

  /** @param {...Code} terms */
  or(...terms) {
    return this.#chain(terms, 0x72);
  }

  /** @param {...Code} terms */
  xor(...terms) {
    return this.#chain(terms, 0x73);
  }

  /** @param {Code} word @param {number} bits */
  shiftRight(word, bits) {
    return this.#chain([word, this.constant(bits)], 0x76);
  }

  /** @param {Code} word @param {number} bits */
  rotateLeft(word, bits) {
    return this.#chain([word, this.constant(bits)], 0x77);
  }

  /** @param {Code} word @param {number} bits */
  rotateRight(word, bits) {
    return this.#chain([word, this.constant(bits)], 0x78);
  }

  /** @param {Code[]} terms @param {number} opcode on i32 @returns {Code} */
  #chain([first, ...others], opcode) {
    return others.reduce((chained, term) => [chained, term, opcode + this.moved], first);
  }
}

/** @param {number} local @returns {Code} */
export const get = (local) => [LOCAL_GET, local];
/** @param {number} local @param {Code} value @returns {Code} */
export const set = (local, value) => [value, LOCAL_SET, local];
/** @param {number} position of the function @param {...Code} parameters @returns {Code} */
export const call = (position, ...parameters) => [parameters, CALL, position];
/** @param {number} value @returns {Code} */
export const address = (value) => [I32_CONST, signedLeb(BigInt(value))];

/**
 * Runs the body as often as the local, an i32 above zero, says. The local counts down.
 * @param {number} local
 * @param {Code} body
 * @returns {Code}
 */
export function repeat(local, body) {
  const counted = [get(local), address(-1), I32_ADD, LOCAL_TEE, local];
  return [LOOP, NO_RESULT, body, counted, BRANCH_IF, 0, END];
}

/** @param {Code} items @returns {Code} */
const vector = (items) => [leb(items.length), items];
/** @param {Code} content @returns {Code} */
const sized = (content) => [leb(flatten(content).length), content];
/** @param {string} name @returns {Code} */
const text = (name) => vector([...new TextEncoder().encode(name)]);
/** @param {Code} code @returns {number[]} */
const flatten = (code) => code.flatMap((part) => (typeof part === "number" ? part : flatten(part)));

/** A number in unsigned LEB128. @param {number} value @returns {Code} */
function leb(value) {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, leb(Math.floor(value / 0x80))];
}

/** A number in signed LEB128. @param {bigint} value @returns {Code} */
function signedLeb(value) {
  // Bit 6 of the last byte is the sign.
  return value === BigInt.asIntN(7, value)
    ? [Number(BigInt.asUintN(7, value))]
    : [Number(BigInt.asUintN(7, value)) + 0x80, signedLeb(value >> 7n)];
}
