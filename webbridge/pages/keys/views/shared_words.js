/** The sentences about identities that several people share: the titles, and the reasons why one was not added or changed. */

import { dayOnly, isolate, listOf } from "../../../../wasm_build/ui/formats.js";
import { reasonInFull } from "../../../../wasm_build/ui/verdict_words.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Announce} Announce */
/**
 * @typedef {{
 *   translate: Catalogue, sentenceFor: SentenceFor, address: string | null, announce: Announce,
 * }} SharedWordServices
 */
/** @typedef {import("../shared_identities.js").SharedIdentities} SharedIdentities */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").ListedGroup} ListedGroup */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").GroupRefusal} GroupRefusal */

/** The codes of errors after which the list is outdated. */
const OUTDATED = ["no-such-group", "group-changed"];

/** @param {Catalogue} translate @param {ListedGroup} row */
export function titleOf(translate, { name, owner }) {
  return name ?? translate("shared_unnamed", { owner: isolate(owner) });
}

/**
 * The meaning of an error of the key server or the vault for a shared identity, or the error's own sentence.
 * @param {SharedWordServices} services
 * @param {unknown} error an error or a refusal
 * @param {{owner: string}} row
 */
export function sharedSentence(services, error, { owner }) {
  const { translate } = services;
  const { reasons = [] } = /** @type {{reasons?: GroupRefusal["reasons"]}} */ (error);
  const key = `shared_error_${codeOf(error).replaceAll("-", "_")}`;
  if (!translate.has(key)) return services.sentenceFor(error);
  const reason = reasons.slice(0, 1).map((cause) => reasonInFull(translate, cause, dayOnly)).join(" ");
  return translate(key, { owner: isolate(owner), user: isolate(services.address ?? ""), reason }).trim();
}

/** @param {unknown} error an error or a refusal @returns {string} "" for a fault of this program */
export function codeOf(error) {
  return String(/** @type {{code?: unknown}} */ (error).code ?? "");
}

/** @param {SharedWordServices} services @param {unknown} error */
export function listSentence(services, error) {
  const code = codeOf(error);
  const isUnreadable = code === "malformed-message" || code === "limit-exceeded";
  return isUnreadable ? services.translate("shared_list_refused") : services.sentenceFor(error);
}

/**
 * Shows an error in its identity's card, and asks for the list anew if the list is outdated.
 * @param {SharedWordServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {unknown} error
 */
export async function fail(services, shared, row, error) {
  if (!codeOf(error)) throw error;
  if (OUTDATED.includes(codeOf(error))) await shared.load();
  shared.setProblem(row.id, error);
  services.announce(sharedSentence(services, error, row));
}

/** @param {Catalogue} translate @param {string[]} addresses */
export function people(translate, addresses) {
  return listOf(addresses.map(isolate), translate);
}
