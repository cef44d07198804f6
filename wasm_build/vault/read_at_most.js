/** Reads answers up to a bound. */

import { ApiError, unlessCut } from "./json_requests.js";

/**
 * The bytes of a response. The rest of a longer one is not read.
 * @param {Response} response
 * @param {number} maxBytes
 */
export async function readAtMost(response, maxBytes) {
  const chunks = [];
  let length = 0;
  const reader = response.body?.getReader();
  const next = () => (reader ? unlessCut(reader.read()) : null);
  for (let read = await next(); read && !read.done; read = await next()) {
    length += read.value.length;
    if (length > maxBytes) {
      void reader?.cancel().catch(() => undefined);
      throw new ApiError("message-too-large", `more than ${maxBytes} bytes came`);
    }
    chunks.push(read.value);
  }
  return new Blob(chunks).arrayBuffer();
}
