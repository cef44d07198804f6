/** An error to show to people: `code` is a stable word, `message` an English sentence. */
export class VaultError extends Error {
  name = "VaultError";

  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
