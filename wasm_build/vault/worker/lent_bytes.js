/** Python's bytes as JavaScript sees them: lent for the length of a call, copied into buffers that the residue knows. */

/** @typedef {import("./cleanup.js").Residue} Residue */
/**
 * @typedef {object} PythonBytes lent for the length of the call; a copy of the proxy lasts until it is destroyed
 * @property {(kind: "u8") => {data: Uint8Array<ArrayBuffer>, release(): void}} getBuffer
 * @property {() => PythonBytes} copy
 * @property {() => void} destroy
 */

// Small buffers stand inline on the JavaScript heap, where nothing overwrites them.
const SMALL_SECRET_BYTES = 4096;

/**
 * A copy of a small value in a buffer of its own.
 * @param {Residue} residue
 * @param {PythonBytes} bytes
 */
export function copySmall(residue, bytes) {
  return withView(bytes, (view) => {
    const buffer = residue.keepBuffer(new ArrayBuffer(Math.max(SMALL_SECRET_BYTES, view.length)));
    const copy = new Uint8Array(buffer, 0, view.length);
    copy.set(view);
    residue.noteSecret(view.length);
    return copy;
  });
}

/**
 * What an operation gives, which joins the residue, or the name of the DOMException that refuses it; a browser without
 * the function or with no such name in its tables says TypeError instead.
 * @template T
 * @param {Residue} residue
 * @param {() => Promise<T>} operation
 * @returns {Promise<T | string>}
 */
export async function attempt(residue, operation) {
  try {
    const result = await operation();
    if (result instanceof ArrayBuffer) residue.noteSecret(residue.keepBuffer(result).byteLength);
    return result;
  } catch (error) {
    if (error instanceof DOMException) return error.name;
    if (error instanceof TypeError) return "NotSupportedError";
    throw error;
  } finally {
    residue.rinseLatest();
  }
}

/**
 * Keeps Python's bytes for an operation that waits before it reads them.
 * @template T
 * @param {PythonBytes} bytes
 * @param {(kept: PythonBytes) => Promise<T>} use
 */
export async function withKept(bytes, use) {
  const kept = bytes.copy();
  try {
    return await use(kept);
  } finally {
    kept.destroy();
  }
}

/**
 * Lends a view on Python's bytes. It must be used up before the call returns: linear memory may move afterwards.
 * @template T
 * @param {PythonBytes} bytes
 * @param {(view: Uint8Array<ArrayBuffer>) => T} use
 * @returns {T}
 */
export function withView(bytes, use) {
  const borrowed = bytes.getBuffer("u8");
  try {
    return use(borrowed.data);
  } finally {
    borrowed.release();
  }
}
