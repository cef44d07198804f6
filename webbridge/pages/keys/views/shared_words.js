/** The sentences about identities that several people share: their titles, and why one is not taken or changed. */

import { dayOnly, isolate, listOf } from "../../../../wasm_build/ui/formats.js";
import { reasonInFull } from "../../../../wasm_build/ui/verdict_words.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../shared_identities.js").SharedIdentities} SharedIdentities */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").ListedGroup} ListedGroup */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").GroupRefusal} GroupRefusal */

/** The codes of errors after which the list is outdated. */
const OUTDATED = ["no-such-group", "group-changed"];

/** @param {App} app @param {ListedGroup} row */
export function titleOf({ translate }, { name, owner }) {
  return name ?? translate("shared_unnamed", { owner: isolate(owner) });
}

/**
 * The meaning of an error of the key server or the vault for a shared identity, or the error's own sentence.
 * @param {App} app
 * @param {unknown} error an error or a refusal
 * @param {{owner: string}} row
 */
export function sharedSentence(app, error, { owner }) {
  const { translate } = app;
  const { reasons = [] } = /** @type {{reasons?: GroupRefusal["reasons"]}} */ (error);
  const key = `shared_error_${codeOf(error).replaceAll("-", "_")}`;
  if (!translate.has(key)) return app.sentenceFor(error);
  const reason = reasons.slice(0, 1).map((one) => reasonInFull(translate, one, dayOnly)).join(" ");
  return translate(key, { owner: isolate(owner), user: isolate(app.address ?? ""), reason }).trim();
}

/** @param {unknown} error an error or a refusal @returns {string} "" for a fault of this program */
export function codeOf(error) {
  return String(/** @type {{code?: unknown}} */ (error).code ?? "");
}

/** @param {App} app @param {unknown} error */
export function listSentence(app, error) {
  const code = codeOf(error);
  const isUnreadable = code === "malformed-message" || code === "limit-exceeded";
  return isUnreadable ? app.translate("shared_list_refused") : app.sentenceFor(error);
}

/** Shows an error at its identity, and asks for the list anew if it is outdated. @param {App} app @param {SharedIdentities} shared @param {ListedGroup} row @param {unknown} error */
export async function fail(app, shared, row, error) {
  if (!codeOf(error)) throw error;
  if (OUTDATED.includes(codeOf(error))) await shared.load();
  shared.setProblem(row.id, error);
  app.announce(sharedSentence(app, error, row));
}

/** @param {App} app @param {string[]} addresses */
export function people({ translate }, addresses) {
  return listOf(addresses.map(isolate), translate);
}
