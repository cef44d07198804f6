/** An error for people: `code` is a stable word, `message` a sentence. */
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
