/** The uses of a certificate in words: signing, encryption or both. */

/**
 * @param {import("./catalogue.js").Translate} translate
 * @param {{purposes?: string[]}} certificate with its `purposes` from the vault: "sign", and "seal" for encryption
 * @returns {string[]}
 */
export function useWords(translate, { purposes = [] }) {
  return purposes.map((purpose) => translate(purpose === "sign" ? "certificate_for_signing" : "certificate_for_encryption"));
}
