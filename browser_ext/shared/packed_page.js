/**
 * What the view of a page is given, as one run of octets: the length of the first part (four octets, big-endian), that
 * part as JSON, then the page and what it loads one behind the other.
 */

const LENGTH_BYTES = 4;

/**
 * @param {{page: ArrayBuffer, mediaType: string, address: string, resources: {url: string, octets: ArrayBuffer}[]}} opened
 * @returns {ArrayBuffer}
 */
export function packPage({ page, mediaType, address, resources }) {
  const octets = [page, ...resources.map((resource) => resource.octets)];
  const lengths = octets.map(({ byteLength }) => byteLength);
  const facts = { mediaType, address, lengths, urls: resources.map(({ url }) => url) };
  const head = new TextEncoder().encode(JSON.stringify(facts));
  const packed = new Uint8Array(lengths.reduce((sum, length) => sum + length, LENGTH_BYTES + head.length));
  new DataView(packed.buffer).setUint32(0, head.length);
  packed.set(head, LENGTH_BYTES);
  let end = LENGTH_BYTES + head.length;
  for (const one of octets) {
    packed.set(new Uint8Array(one), end);
    end += one.byteLength;
  }
  return packed.buffer;
}
