/** Errors with a code, and the sentence for each code from the message catalogue. */
import { api } from "./world.js";

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
  const code = codeOf(error) ?? "";
  return api.i18n.getMessage(`error_${code.replaceAll("-", "_")}`) || api.i18n.getMessage("contentFailed");
}
