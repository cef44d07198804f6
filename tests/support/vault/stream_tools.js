/** Streams for tests of the vault. Each byte depends only on its position, so tests need not store bytes to compare. */

const CHUNK = 1_000_000;

/** The bytes of one chunk. With `lines`, they are lines of letters that mail can carry. */
function chunkAt(index, length, lines) {
  const chunk = new Uint8Array(length);
  const words = new Uint32Array(chunk.buffer, 0, length >> 2);
  if (!lines) {
    for (let at = 0; at < words.length; at++) words[at] = Math.imul(at + index * 250_000, 2_654_435_761);
    return chunk;
  }
  for (let at = 0; at < length; at++) chunk[at] = 97 + ((at + index) % 26);
  for (let at = 98; at + 1 < length; at += 100) chunk.set([13, 10], at);
  return chunk;
}

/** A stream of `head` and then `size` bytes. Each chunk waits for `before(position)`. `log` records the progress. */
export function source(size, { head = "", lines = false, before = async () => {}, log = {} } = {}) {
  let position = 0;
  log.cancelled = false;
  return new ReadableStream({
    async pull(controller) {
      if (position === 0 && head) controller.enqueue(new TextEncoder().encode(head));
      await before(position);
      const length = Math.min(CHUNK, size - position);
      if (length > 0) controller.enqueue(chunkAt(position / CHUNK, length, lines));
      position += length;
      log.given = position;
      if (position >= size) controller.close();
    },
    cancel: () => void (log.cancelled = true),
  });
}

/**
 * Reads the whole stream. `equal` is true if it has exactly the `size` bytes of `source`; with `lines`, the header of a
 * mail may come before them. Without `size`, the chunks are returned instead.
 */
export async function drain(stream, { size = null, lines = false } = {}) {
  const chunks = size === null ? [] : null;
  let length = 0, position = 0, equal = true, inHeader = lines, header = "", expected = null;
  for await (let chunk of readAll(stream)) {
    length += chunk.length;
    if (chunks) {
      chunks.push(chunk);
      continue;
    }
    if (inHeader) {
      header += Array.from(chunk, (octet) => String.fromCharCode(octet)).join("");
      const end = header.indexOf("\r\n\r\n");
      if (end < 0) continue;
      inHeader = false;
      chunk = chunk.subarray(chunk.length - (header.length - end - 4));
    }
    for (let at = 0; at < chunk.length; at++, position++) {
      if (position % CHUNK === 0) expected = chunkAt(position / CHUNK, Math.max(Math.min(CHUNK, size - position), 0), lines);
      if (chunk[at] !== expected[position % CHUNK]) equal = false;
    }
  }
  return { length, equal: equal && (size === null || position === size), chunks };
}

export async function* readAll(stream) {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

/** A stream of these chunks, which removes them from the array. */
export function ofChunks(chunks) {
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
}
