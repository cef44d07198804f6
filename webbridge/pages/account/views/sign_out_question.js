/** The question before a sign-out that would discard a letter. */

import { ask } from "../../../../wasm_build/ui/ask.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../drafts/unfinished_drafts.js").UnfinishedDrafts} UnfinishedDrafts */
/** @typedef {import("../../offline/letter_store.js").Sealed} Sealed */
/** @typedef {import("../accounts_here.js").AccountsHere} AccountsHere */
/**
 * @typedef {{
 *   unfinishedDrafts: UnfinishedDrafts, translate: Catalogue, accounts: AccountsHere, address: string | null,
 *   signOut: (letters: Sealed[]) => Promise<boolean>,
 * }} SignOutServices
 */

/**
 * Signs out. If this would discard a begun letter, asks the person first.
 * @param {SignOutServices} services
 */
export async function askToSignOut(services) {
  if (services.unfinishedDrafts.hasUnkept) await services.unfinishedDrafts.keepBeforeLock();
  const { translate } = services;
  const letters = await services.accounts.findLetters(services.address === null ? [] : [services.address]);
  const waiting = letters.length;
  // A letter may begin to wait while the person is asked.
  const signOut = async () => { if (!(await services.signOut(letters))) await askToSignOut(services); };
  if (waiting > 0 && !services.unfinishedDrafts.hasUnkept) {
    return void ask({
      title: translate("outbox_sign_out_question", { count: waiting }), meaning: translate("outbox_sign_out_meaning"),
      keep: translate("keep"), go: translate("outbox_sign_out"), test: "sign-out-outbox", isDanger: true, onGo: () => void signOut(),
    });
  }
  if (!services.unfinishedDrafts.hasUnkept) return void signOut();
  ask({
    title: translate("sign_out_question"),
    meaning: translate("sign_out_question_meaning") + (waiting > 0 ? ` ${translate("outbox_sign_out_meaning")}` : ""),
    keep: translate("keep_writing"),
    go: translate("sign_out_and_discard"),
    test: "sign-out-discard",
    onGo: () => void signOut(),
  });
}
