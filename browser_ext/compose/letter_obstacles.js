/** The reasons why a letter cannot be sent yet, as far as they exist only in the extension. */
import { translate } from "../texts/texts.js";
import { expiryObstacle } from "./own_expiry.js";

/** @typedef {import("../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */

/**
 * @param {Letter} letter
 * @param {{
 *   identity: import("./courier.js").OwnIdentity | null, deliver: string, hidden: number, byPassword: number, isReadingOriginal: boolean,
 * }} around `hidden`: the number of people in Bcc; `byPassword`: the number of people who open the letter with its password;
 *   `isReadingOriginal`: whether the message that the letter answers or forwards is being opened
 * @returns {Obstacle[]}
 */
export function obstaclesHere(letter, { identity, deliver, hidden, byPassword, isReadingOriginal }) {
  const { sign, encrypt, people, hasPassword } = letter;
  const isAttached = deliver === "attachment";
  return [
    // The recipients, the subject and the quotation are filled in when the original has been read.
    ...(isReadingOriginal ? [reason("original", "compose_original_unread")] : []),
    ...(identity ? [] : [reason("no-identity", "compose_no_identity")]),
    ...(identity && sign ? expiryObstacle(identity) : []),
    ...(encrypt && byPassword > 0 && !hasPassword ? [reason("password", "compose_password_missing")] : []),
    ...(!encrypt && isAttached ? [reason("needs-encryption", "compose_needs_encryption")] : []),
    ...(encrypt && isAttached && hidden > 0 && people.length > 1 ? [reason("bcc", "compose_no_bcc")] : []),
  ];
}

/** @param {string} code @param {string} words @returns {Obstacle} */
function reason(code, words) {
  return { code, text: translate(words), remedies: [] };
}
