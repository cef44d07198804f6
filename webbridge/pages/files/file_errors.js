/** The sentences for errors of kept files. */

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: Catalogue, sentenceFor: SentenceFor}} FileErrorServices */

/**
 * The sentence for an error. Some codes have a special meaning for kept files, and some have the same meaning as for a
 * parcel.
 * @param {FileErrorServices} services
 * @param {unknown} error
 */
export function fileSentence(services, error) {
  const { code } = /** @type {{code?: unknown}} */ (error ?? {});
  const word = String(code ?? "").replaceAll("-", "_");
  const key = [`my_files_error_${word}`, `parcel_error_${word}`].find((name) => services.translate.has(name));
  return key ? services.translate(key) : services.sentenceFor(error);
}
