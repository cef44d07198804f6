/**
 * Errors to show to people, as code and sentence. Texts of Python and the browser are dropped, because they could quote a
 * message.
 */

/** An error to show to people: `code` is a stable word, `message` an English sentence. */
export class VaultError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "VaultError";
    this.code = code;
  }
}

/**
 * @param {unknown} error
 * @returns {{code: string, message: string}}
 */
export function describeError(error) {
  const { code, message } = error instanceof VaultError ? error : translate(error);
  return { code, message };
}

/** Whether the Worker can serve no further request after this error. @param {string} code */
export function isFatal(code) {
  return code === "out-of-memory" || code === "vault-crashed";
}

function outOfMemory() {
  return new VaultError("out-of-memory", "there is not enough memory for this message; close other pages, or use a smaller one");
}

export function crashed() {
  return new VaultError("vault-crashed", "the vault's Worker ended unexpectedly; try again");
}

/** @param {unknown} error */
function translate(error) {
  const { name, type } = /** @type {{name?: string, type?: string}} */ (error ?? {});
  if (name === "PythonError") return type === "MemoryError" ? outOfMemory() : unexpected();
  // Chromium and Firefox throw a RangeError for a buffer that they cannot allocate, and for a stack that is too deep.
  if (error instanceof RangeError) return /stack/iu.test(error.message) ? crashed() : outOfMemory();
  if (error instanceof WebAssembly.RuntimeError || name === "InternalError") return crashed();
  return unexpected();
}

function unexpected() {
  return new VaultError("internal-error", "something unexpected went wrong in the vault");
}
