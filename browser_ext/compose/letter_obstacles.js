/** Why a letter of the extension cannot leave yet: the reasons of the pages, and those that only this window knows. */
import { obstacles } from "../runtime/ui/sending_plan.js";
import { text } from "../shared/i18n.js";
import { expiryObstacle } from "./own_expiry.js";

/** @typedef {import("../runtime/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../runtime/ui/sending_plan.js").Obstacle} Obstacle */

/**
 * @param {Letter} letter
 * @param {{
 *   identity: import("./courier.js").OwnIdentity | null, deliver: string, hidden: number, byPassword: number,
 * }} around `hidden` people stand in Bcc, `byPassword` open the letter by its password
 * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
 * @returns {Obstacle[]}
 */
export function letterObstacles(letter, { identity, deliver, hidden, byPassword }, translate) {
  const { sign, seal, people, hasPassword } = letter;
  const isAttached = deliver === "attachment";
  const found = obstacles(letter, translate);
  if (!identity) found.push(reason("no-identity", "composeNoIdentity"));
  if (identity && sign) found.push(...expiryObstacle(identity));
  if (seal && byPassword > 0 && !hasPassword) found.push(reason("password", "composePasswordMissing"));
  if (!seal && isAttached) found.push(reason("needs-seal", "composeNeedsSeal"));
  if (seal && isAttached && hidden > 0 && people.length > 1) found.push(reason("bcc", "composeNoBcc"));
  return found;
}

/** @param {string} code @param {string} words @returns {Obstacle} */
function reason(code, words) {
  return { code, text: text(words), remedies: [] };
}
