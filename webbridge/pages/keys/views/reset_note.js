/** The note beside the keys that says that the account at the key server was reset, and until when the earlier account can be restored. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { dayOnly } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

const MILLISECONDS = 1_000;
const DAY_SECONDS = 86_400;
/** The time for which the key server keeps the earlier account. */
const KEPT_DAYS = 30;

/**
 * @param {Catalogue} translate
 * @param {import("../../../../wasm_build/vault/account/key_account.js").KeyAccount} account
 * @returns {import("../../../../wasm_build/ui/key_account_view.js").Part}
 */
export function createResetNote(translate, { session: { resetAt } }) {
  const element = html("p", { class: "note", data: { test: "reset-on" }, hidden: resetAt === null });
  if (resetAt !== null) {
    const until = resetAt + KEPT_DAYS * DAY_SECONDS;
    const isKept = until * MILLISECONDS > Date.now();
    element.textContent = translate(isKept ? "account_reset_on" : "account_reset_over", { date: dayOf(resetAt), until: dayOf(until) });
  }
  return { element, clear() {} };
}

/** @param {number} seconds */
function dayOf(seconds) {
  return dayOnly(new Date(seconds * MILLISECONDS).toISOString());
}
