/** The page's ends of a stream through the vault. The Worker requests the input, and the reader requests the output. */

import { ChunkTaker, giveChunks } from "../values/chunk_port.js";
import { giveBack, overwrite } from "../memory/cleanup.js";
import { checkStreamSize } from "../limits.js";
import { VaultError } from "../errors/vault_error.js";

const NOTHING = new Uint8Array(0);

/**
 * @typedef {import("./cell.js").Source} Source
 * @typedef {Blob | ReadableStream<Uint8Array>} Input
 * @typedef {{input: Input, size?: number, content?: Input, contentSize?: number}} Inputs
 *   `content` is the content of a detached signature; sizes are in bytes, and absent if unknown
 * @typedef {{source: Source, ports: MessagePort[], cancel: (reason: unknown) => void}} InputEnd
 * @typedef {{stream: import("./cell.js").StreamEnds, ports: MessagePort[], cancel: (reason: unknown) => void}} Ends
 * @typedef {{port: MessagePort, stream: ReadableStream<Uint8Array>, fail: (error: unknown) => void}} OutputEnd
 */

/**
 * Returns the ends of a stream, to be sent to the Worker. Throws `message-too-large` if a known size is above the
 * limit.
 * @param {Inputs} inputs
 * @param {MessagePort} output
 * @returns {Ends}
 */
export function openEnds({ input, size, content, contentSize }, output) {
  const opened = openInput(input, size ?? null);
  const beside = content ? openInput(content, contentSize ?? null) : null;
  return {
    stream: { input: opened.source, content: beside?.source ?? null, output },
    ports: [output, ...opened.ports, ...(beside?.ports ?? [])],
    cancel: (reason) => {
      opened.cancel(reason);
      beside?.cancel(reason);
    },
  };
}

/**
 * Opens one input. The Worker reads a Blob itself, as often as it wants. A stream is sent to the Worker chunk by chunk.
 * @param {Input} input the chunks of a stream are transferred to the Worker, so that the page can no longer use them
 * @param {number | null} size in bytes; null if unknown
 * @returns {InputEnd}
 */
function openInput(input, size) {
  if (input instanceof Blob) {
    checkStreamSize(input.size);
    return { source: { source: input, size: input.size }, ports: [], cancel: () => {} };
  }
  if (!(input instanceof ReadableStream)) throw new VaultError("bad-request", "input: expected Blob or ReadableStream");
  checkStreamSize(size ?? 0);
  const reader = input.getReader();
  const { port1, port2 } = new MessageChannel();
  const cancel = (/** @type {unknown} */ reason) => void reader.cancel(reason).catch(() => {});
  giveChunks(port1, () => nextChunk(reader), () => cancel(undefined));
  return { source: { source: port2, size }, ports: [port2], cancel };
}

/**
 * Opens the output, a stream of bytes. For a reader with its own buffer (BYOB), a chunk is copied and its memory given
 * back at once. For other readers a chunk stays until the browser's garbage collector frees it. WebKitGTK 2.50 has no
 * streams of bytes. There the output is a plain stream, which refuses a reader with its own buffer.
 * @param {() => void} cancelled called when the reader stops
 * @returns {OutputEnd}
 */
export function openOutput(cancelled) {
  const { port1, port2 } = new MessageChannel();
  const taker = new ChunkTaker(port1);
  /** @type {ReadableByteStreamController | undefined} */
  let controller;
  let rest = NOTHING;
  let isOver = false;
  const end = () => {
    isOver = true;
    overwrite(rest.buffer);
  };
  const stream = newStream({
    start: (streamController) => void (controller = streamController),
    pull: async (streamController) => {
      if (rest.length === 0) {
        const chunk = await taker.take();
        // The reader stopped, or the stream failed, while this chunk came.
        if (chunk && isOver) return overwrite(chunk);
        if (!chunk) return endBytes(streamController);
        rest = new Uint8Array(chunk);
      }
      rest = handOut(streamController, rest);
    },
    cancel: () => {
      end();
      cancelled();
    },
  });
  const fail = (/** @type {unknown} */ error) => {
    end();
    controller?.error(error);
  };
  return { port: port2, stream, fail };
}

/**
 * @param {Omit<UnderlyingByteSource, "type">} source its controller has no `byobRequest` in a plain stream
 * @returns {ReadableStream<Uint8Array>}
 */
function newStream(source) {
  try {
    return new ReadableStream({ type: "bytes", ...source });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // As in a stream of bytes, no chunk is fetched before a reader asks for it.
    return new ReadableStream(/** @type {UnderlyingDefaultSource} */ (source), { highWaterMark: 0 });
  }
}

/**
 * Gives the reader as many bytes as its buffer can take, or all bytes if it has no buffer.
 * @param {ReadableByteStreamController} controller
 * @param {Uint8Array<ArrayBuffer>} octets
 * @returns {Uint8Array<ArrayBuffer>} the bytes that are left over
 */
function handOut(controller, octets) {
  const request = controller.byobRequest;
  if (!request?.view) {
    controller.enqueue(octets);
    return NOTHING;
  }
  const { buffer, byteOffset, byteLength } = request.view;
  const count = Math.min(byteLength, octets.length);
  new Uint8Array(buffer, byteOffset, count).set(octets.subarray(0, count));
  request.respond(count);
  if (count < octets.length) return octets.subarray(count);
  overwrite(octets.buffer);
  giveBack(octets.buffer);
  return NOTHING;
}

/** @param {ReadableByteStreamController} controller */
function endBytes(controller) {
  controller.close();
  // A reader that waits with its own buffer gets it back empty.
  controller.byobRequest?.respond(0);
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @returns {Promise<ArrayBuffer | null>}
 */
async function nextChunk(reader) {
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new VaultError("input-failed", "the input ended with an error before its end");
    });
    if (done) return null;
    const chunk = ownBuffer(value);
    if (chunk.byteLength > 0) return chunk;
  }
}

/**
 * The buffer of a chunk. If the chunk is only a part of its buffer, returns a copy, because the page may use the rest
 * of the buffer.
 * @param {unknown} chunk
 * @returns {ArrayBuffer}
 */
function ownBuffer(chunk) {
  if (!(chunk instanceof Uint8Array)) throw new VaultError("bad-request", "a chunk of the input: expected Uint8Array");
  const { buffer } = chunk;
  return buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength ? buffer : chunk.slice().buffer;
}
