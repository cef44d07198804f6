/** Errors with a code, and the sentence for each code from the message catalogue. */
import { translate } from "../texts/texts.js";

/** @param {string} code @param {string} [message] */
export function problem(code, message = code) {
  return Object.assign(new Error(message), { code });
}

/** @param {unknown} error @returns {string | undefined} the code; undefined for an error without one */
export function codeOf(error) {
  const { code } = /** @type {{code?: unknown}} */ (error ?? {});
  return typeof code === "string" ? code : undefined;
}

/** @param {unknown} error */
export function sentenceOf(error) {
  const key = `error_${(codeOf(error) ?? "").replaceAll("-", "_")}`;
  return translate(translate.has(key) ? key : "content_failed");
}
