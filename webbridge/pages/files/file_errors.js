/** The sentences for errors of kept files. */

/** @typedef {import("../app/app.js").App} App */

/**
 * Some codes mean another thing than elsewhere, and some the same as for a parcel.
 * @param {App} app
 * @param {unknown} error
 */
export function fileSentence(app, error) {
  const { code } = /** @type {{code?: unknown}} */ (error ?? {});
  const word = String(code ?? "").replaceAll("-", "_");
  for (const key of [`my_files_error_${word}`, `parcel_error_${word}`]) if (app.translate.has(key)) return app.translate(key);
  return app.sentenceFor(error);
}
