/**
 * What the view of a mail is given, as one run of octets: the length of the first part (four octets, big-endian), that
 * part as JSON, then the texts and their markup one behind the other, so that no string of them stands anywhere else.
 */

const LENGTH_BYTES = 4;

/**
 * @param {any} opened the reply of `message.open`
 * @returns {ArrayBuffer}
 */
export function packContent({ report, passages, attachments, text }) {
  const octets = [text, ...passages.flatMap((/** @type {any} */ one) => [one.text, one.html ?? new ArrayBuffer(0)])];
  const facts = {
    headers: report.headers,
    protections: report.headerProtections ?? [],
    passages: passages.map((/** @type {any} */ { path, html }) => ({ path, hasMarkup: Boolean(html) })),
    files: attachments.map((/** @type {any} */ { data, ...file }) => ({ ...file, size: data.byteLength })),
    lengths: octets.map(({ byteLength }) => byteLength),
  };
  const head = new TextEncoder().encode(JSON.stringify(facts));
  const packed = new Uint8Array(octets.reduce((sum, { byteLength }) => sum + byteLength, LENGTH_BYTES + head.length));
  new DataView(packed.buffer).setUint32(0, head.length);
  packed.set(head, LENGTH_BYTES);
  let end = LENGTH_BYTES + head.length;
  for (const one of octets) {
    packed.set(new Uint8Array(one), end);
    end += one.byteLength;
  }
  return packed.buffer;
}
