/**
 * The packed form of the snapshot, without pages of zeros. Four in ten pages are zeros and need no download.
 *
 * packed = length of the whole (uint32, little-endian) ‖ one bit for each page, lowest first ‖ the pages whose bit is set
 */

const PAGE_BYTES = 4096;
const LENGTH_BYTES = 4;

/**
 * @param {Uint8Array} whole
 * @returns {Uint8Array<ArrayBuffer>} the packed form
 */
export function dropZeroPages(whole) {
  const pages = Array.from({ length: Math.ceil(whole.length / PAGE_BYTES) }, (_, page) => pageOf(whole, page));
  const pageNumbers = pages.flatMap((page, number) => (page.some((octet) => octet !== 0) ? [number] : []));
  const start = LENGTH_BYTES + bitmapBytes(whole.length);
  const packed = new Uint8Array(start + pageNumbers.reduce((sum, number) => sum + pages[number].length, 0));
  new DataView(packed.buffer).setUint32(0, whole.length, true);
  let offset = start;
  for (const number of pageNumbers) {
    packed[LENGTH_BYTES + (number >> 3)] |= 1 << (number & 7);
    packed.set(pages[number], offset);
    offset += pages[number].length;
  }
  return packed;
}

/**
 * @param {Uint8Array} packed
 * @returns {Uint8Array<ArrayBuffer>} the whole memory; throws a RangeError if a page is missing
 */
export function restoreZeroPages(packed) {
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(0, true);
  const whole = new Uint8Array(length);
  let offset = LENGTH_BYTES + bitmapBytes(length);
  for (let number = 0; number * PAGE_BYTES < length; number++) {
    if (!(packed[LENGTH_BYTES + (number >> 3)] & (1 << (number & 7)))) continue;
    const { length: pageBytes } = pageOf(whole, number);
    if (offset + pageBytes > packed.length) throw new RangeError("a page is missing");
    whole.set(packed.subarray(offset, offset + pageBytes), number * PAGE_BYTES);
    offset += pageBytes;
  }
  return whole;
}

/** @param {Uint8Array} whole @param {number} number */
function pageOf(whole, number) {
  return whole.subarray(number * PAGE_BYTES, (number + 1) * PAGE_BYTES);
}

/** @param {number} length */
function bitmapBytes(length) {
  return Math.ceil(length / PAGE_BYTES / 8);
}
