/**
 * Rewinds Python, that is, puts the instance back to an image that was taken at a quiet point. So a Worker can serve
 * the next request without a new start, and nothing of the last request is left in linear memory.
 *
 * State outside linear memory is put back too: hiwire's table of JavaScript objects, and the Map in which hiwire finds
 * the reference of an object again. hiwire's free list is in linear memory, so it needs nothing more. WebAssembly's
 * globals stay as they are, because only the stack pointer ever changes, and the stack must be empty.
 *
 * This module needs private names of Pyodide. If a name is missing, no image is taken, and Workers end after their
 * operation, as they do after the error `Doubt`.
 */

const PAGE_BYTES = 4096;
const PAGE_WORDS = PAGE_BYTES / 4;
/** The number of pages whose checksums are compared after each rewind. */
const SAMPLED_PAGES = 16;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
// dlmalloc's parameter (mallopt): the amount of free memory at the end above which dlmalloc would lower the program
// break.
const M_TRIM_THRESHOLD = -1;
const NEVER = 0x7fffffff;

/** @typedef {import("./python_start.js").Python} Python */
/**
 * The functions of Pyodide's module that a rewind needs.
 * @typedef {object} Hiwire
 * @property {(index: number) => unknown} __hiwire_get throws beyond the end of the table
 * @property {(index: number, value: unknown) => void} __hiwire_set
 * @property {(index: number) => unknown} __hiwire_immortal_get throws beyond the end of the table
 * @property {() => number} _hiwire_num_refs
 * @property {(increment: number) => number} _sbrk
 * @property {(parameter: number, value: number) => number} _mallopt
 * @property {() => number} _emscripten_stack_get_current
 */
export const NAMES = /** @type {const} */ ([
  "__hiwire_get", "__hiwire_set", "__hiwire_immortal_get", "_hiwire_num_refs", "_sbrk", "_mallopt",
  "_emscripten_stack_get_current",
]);

/** The error if a rewind may be wrong or incomplete. Then the Worker ends. */
class Doubt extends Error {}

/**
 * Prepares a started Python, before its first request. The finalizers of proxies are turned off, because a late
 * finalizer would count down a reference of another operation.
 * @param {Python} python
 * @returns {boolean} whether an image can be taken
 */
export function prepareRewind({ pyodide, deduplicate }) {
  const module = pyodide._module;
  if (!deduplicate || NAMES.some((name) => typeof module[name] !== "function")) return false;
  module.finalizationRegistry = { register() {}, unregister() {} };
  // The program break shows how far memory was used, so it may rise but never fall.
  return module._mallopt(M_TRIM_THRESHOLD, NEVER) === 1;
}

/** The image of a quiet Python. It has only the pages that are not zero. */
export class Image {
  /** @type {Hiwire} */
  #module;
  #memory;
  #deduplicate;
  /** @type {{start: number, bytes: Uint8Array}[]} runs of pages, by their first byte */
  #runs;
  /** The checksum of each page of `#runs`, by the number of the page. @type {Map<number, number>} */
  #checksums = new Map();
  #break;
  #stack;
  #references;
  #immortals;
  /** @type {unknown[]} */
  #table;
  /** @type {[unknown, number][]} */
  #known;

  /** @param {Python} python prepared, with no request running and all garbage collected */
  constructor({ pyodide, memory, deduplicate }) {
    this.#module = pyodide._module;
    this.#memory = memory;
    this.#deduplicate = /** @type {Map<unknown, number>} */ (deduplicate);
    this.#break = this.#module._sbrk(0);
    this.#stack = this.#module._emscripten_stack_get_current();
    this.#references = this.#module._hiwire_num_refs();
    this.#immortals = lengthOf(this.#module.__hiwire_immortal_get);
    this.#table = Array.from({ length: lengthOf(this.#module.__hiwire_get) }, (_, index) => this.#module.__hiwire_get(index));
    this.#known = [...this.#deduplicate];
    this.#runs = copyRuns(memory, this.#break);
    for (const { start, bytes } of this.#runs) {
      const words = new Uint32Array(bytes.buffer);
      for (let page = 0; page < bytes.length / PAGE_BYTES; page++) this.#checksums.set(start / PAGE_BYTES + page, checksum(words, page));
    }
  }

  /** The bytes that the image keeps. */
  get byteLength() {
    return this.#runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /**
   * Puts Python back. Throws Doubt if Python may differ from the image.
   * @returns {number} the bytes that were overwritten
   */
  restore() {
    const used = this.#module._sbrk(0);
    if (used < this.#break) throw new Doubt("the break has fallen");
    if (this.#module._emscripten_stack_get_current() !== this.#stack) throw new Doubt("the stack is not empty");
    this.#restoreTable();
    this.#restoreMemory(used);
    this.#check();
    return used;
  }

  #restoreTable() {
    const length = lengthOf(this.#module.__hiwire_get);
    for (let index = 1; index < length; index++) {
      const entry = index < this.#table.length ? this.#table[index] : null;
      if (this.#module.__hiwire_get(index) !== entry) this.#module.__hiwire_set(index, entry);
    }
    this.#deduplicate.clear();
    for (const [object, reference] of this.#known) this.#deduplicate.set(object, reference);
  }

  /** @param {number} used the end of the memory that the operation can have written */
  #restoreMemory(used) {
    const all = new Uint8Array(this.#memory.buffer);
    let restored = 0;
    for (const { start, bytes } of this.#runs) {
      all.fill(0, restored, start);
      all.set(bytes, start);
      restored = start + bytes.length;
    }
    all.fill(0, restored, used);
  }

  #check() {
    const { _sbrk, _hiwire_num_refs, _emscripten_stack_get_current, __hiwire_immortal_get } = this.#module;
    if (_sbrk(0) !== this.#break) throw new Doubt("the break");
    if (_emscripten_stack_get_current() !== this.#stack) throw new Doubt("the stack");
    if (_hiwire_num_refs() !== this.#references) throw new Doubt("the references");
    if (lengthOf(__hiwire_immortal_get) !== this.#immortals) throw new Doubt("the interned names");
    if (this.#deduplicate.size !== this.#known.length) throw new Doubt("the known objects");
    const words = new Uint32Array(this.#memory.buffer);
    const pages = Math.ceil(this.#break / PAGE_BYTES);
    const zeros = checksum(new Uint32Array(PAGE_BYTES / 4), 0);
    for (let count = 0; count < SAMPLED_PAGES; count++) {
      const page = Math.floor(Math.random() * pages);
      if (checksum(words, page) !== (this.#checksums.get(page) ?? zeros)) throw new Doubt("a page");
    }
  }
}

/**
 * Copies of the pages below `end` that are not zero, joined into runs.
 * @param {WebAssembly.Memory} memory
 * @param {number} end
 */
function copyRuns({ buffer }, end) {
  const words = new Uint32Array(buffer);
  const pages = Math.ceil(end / PAGE_BYTES);
  /** @type {{start: number, bytes: Uint8Array}[]} */
  const runs = [];
  for (let page = 0; page < pages; page++) {
    if (isZero(words, page)) continue;
    const first = page;
    while (page < pages && !isZero(words, page)) page++;
    runs.push({ start: first * PAGE_BYTES, bytes: new Uint8Array(buffer.slice(first * PAGE_BYTES, page * PAGE_BYTES)) });
  }
  return runs;
}

/**
 * Whether a page has only zeros. A request may wait for the result, and a loop takes a sixth of the time of `every`.
 * @param {Uint32Array} words @param {number} page
 */
function isZero(words, page) {
  const end = (page + 1) * PAGE_WORDS;
  for (let at = page * PAGE_WORDS; at < end; at++) if (words[at] !== 0) return false;
  return true;
}

/** The FNV-1a hash over the words of a page. @param {Uint32Array} words @param {number} page */
function checksum(words, page) {
  let hash = FNV_OFFSET;
  const end = (page + 1) * PAGE_WORDS;
  for (let at = page * PAGE_WORDS; at < end; at++) hash = Math.imul(hash ^ words[at], FNV_PRIME);
  return hash;
}

/**
 * The length of a WebAssembly table that is not exported. It can be found because reading beyond the end throws.
 * @param {(index: number) => unknown} get
 */
function lengthOf(get) {
  const has = (/** @type {number} */ index) => {
    try {
      get(index);
      return true;
    } catch {
      return false;
    }
  };
  let beyond = 1;
  while (has(beyond)) beyond *= 2;
  let last = beyond >> 1;
  while (beyond - last > 1) {
    const middle = (last + beyond) >> 1;
    if (has(middle)) last = middle;
    else beyond = middle;
  }
  return last + 1;
}
