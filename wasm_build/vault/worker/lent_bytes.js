/**
 * Python's bytes in JavaScript. A view on them is valid only until the call returns. Bytes that are needed longer are
 * copied into buffers of the residue, which is overwritten at the end.
 */

/** @typedef {import("../memory/cleanup.js").Residue} Residue */
/**
 * @typedef {object} PythonBytes a proxy that is valid until the call returns; its `copy` is valid until `destroy`
 * @property {(kind: "u8") => {data: Uint8Array<ArrayBuffer>, release(): void}} getBuffer
 * @property {() => PythonBytes} copy
 * @property {() => void} destroy
 */

// Smaller buffers are on the JavaScript heap, where nothing overwrites them.
const SMALL_SECRET_BYTES = 4096;

/**
 * A copy of a small value in a new buffer.
 * @param {Residue} residue
 * @param {PythonBytes} bytes
 * @param {number} [zeros] the number of zeros that follow
 */
export function copySmall(residue, bytes, zeros = 0) {
  return withView(bytes, (view) => {
    const length = view.length + zeros;
    const buffer = residue.keepBuffer(new ArrayBuffer(Math.max(SMALL_SECRET_BYTES, length)));
    const copy = new Uint8Array(buffer, 0, length);
    copy.set(view);
    residue.noteSecret(view.length);
    return copy;
  });
}

/**
 * Runs an operation. Resolves with the result, which is added to the residue, or with the name of the DOMException. A
 * browser that lacks the function or the algorithm throws a TypeError, which becomes "NotSupportedError".
 * @template T
 * @param {Residue} residue
 * @param {() => Promise<T>} operation
 * @returns {Promise<T | string>}
 */
export async function attempt(residue, operation) {
  try {
    const result = await operation();
    if (result instanceof ArrayBuffer) {
      residue.noteSecret(residue.keepBuffer(result).byteLength);
      residue.rinseFreed(result.byteLength);
    }
    return result;
  } catch (error) {
    if (error instanceof DOMException) return error.name;
    if (error instanceof TypeError) return "NotSupportedError";
    throw error;
  }
}

/**
 * Keeps Python's bytes valid until the end of an operation that waits for something before it reads the bytes.
 * @template T
 * @param {PythonBytes} bytes
 * @param {(copy: PythonBytes) => Promise<T>} use
 */
export async function withKept(bytes, use) {
  const copy = bytes.copy();
  try {
    return await use(copy);
  } finally {
    copy.destroy();
  }
}

/**
 * Lends a view on Python's bytes to `use`, which must read them before it returns, because linear memory may move
 * afterwards.
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
