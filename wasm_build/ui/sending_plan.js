/**
 * What will leave, said before it leaves: the sentence under the letter, and every reason why it cannot be sent yet.
 *
 * Pure: it decides from what the writing view knows, so that view and tests see the same.
 */

import { dayOnly, listOf } from "./formats.js";
import { recipientSentence } from "./verdict_words.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./recipients_field.js").Person} Person */
/** @typedef {"unlock" | "seal-off" | "sign-off" | "look-up" | "choose-file" | "ask" | "password"} Remedy */
/** @typedef {{code: string, text: string, remedies: Remedy[], person?: Person}} Obstacle */
/**
 * @typedef {{
 *   sign: boolean, seal: boolean, people: Person[], address: string, unlocked: boolean, hasOwnIdentity: boolean,
 *   ownAddresses: string[], bytes: number, maxBytes: number, answersSealed: boolean, ways: Remedy[], hasPassword: boolean,
 * }} Letter `ways` are those round a missing certificate, `hasPassword` whether one was typed for those who open it by that
 */

/** Warnings that say the same for everybody: the certificate's own page tells them. */
const FOR_DETAILS = new Set(["revocation-not-checked"]);

/**
 * What would leave as things stand: nothing, while somebody could not read what is sealed.
 * @param {Letter} letter
 * @param {Catalogue} translate
 */
export function whatWillLeave(letter, translate) {
  const { sign, seal, address, answersSealed } = letter;
  const people = letter.people.filter(({ valid }) => valid);
  const closed = seal ? people.filter((person) => !canRead(person, letter)).map((person) => person.address) : [];
  if (closed.length > 0) return translate("leaves_not_yet", { who: listOf(closed, translate) });
  const names = [...people.map((person) => person.address), translate("you")];
  const who = names.length > 1 ? listOf(names, translate) : translate("people_and_you");
  const warning = answersSealed && !seal ? ` ${translate("answers_sealed")}` : "";
  if (sign && seal) return translate("leaves_signed_sealed", { address, who });
  if (seal) return translate("leaves_sealed", { who });
  if (sign) return translate("leaves_signed", { address }) + warning;
  return translate("leaves_plain") + warning;
}

/**
 * Everything that stands in the way of sending; empty when it can go.
 * @param {Letter} letter
 * @param {Catalogue} translate
 * @returns {Obstacle[]}
 */
export function obstacles(letter, translate) {
  const { people, sign, seal, bytes, maxBytes } = letter;
  /** @type {Obstacle[]} */
  const found = [];
  if (people.length === 0) found.push({ code: "nobody", text: translate("obstacle_nobody"), remedies: [] });
  for (const { address } of people.filter(({ valid }) => !valid)) {
    found.push({ code: "address", text: translate("obstacle_address", { address }), remedies: [] });
  }
  if (bytes > maxBytes) {
    const megabytes = Math.floor(maxBytes / 1_000_000);
    found.push({ code: "size", text: translate("obstacle_size", { megabytes }), remedies: [] });
  }
  if (sign || seal) found.push(...keyObstacles(letter, translate));
  if (seal) found.push(...people.filter(({ valid }) => valid).flatMap((person) => sealObstacles(person, letter, translate)));
  return found;
}

/**
 * What is to be known before sending and stops nothing: a certificate that expires soon, or is another one than before.
 * @param {Letter} letter
 * @param {Catalogue} translate
 * @returns {string[]}
 */
export function warnings({ seal, people }, translate) {
  if (!seal) return [];
  return people.flatMap(({ address, finding }) => {
    if (finding?.readiness !== "ready") return [];
    const values = { address, date: dayOnly(finding.check.notAfter) };
    return finding.check.warnings.filter(({ code }) => !FOR_DETAILS.has(code)).map((warning) => {
      const key = `warning_${warning.code.replaceAll("-", "_")}`;
      return translate.has(key) ? translate(key, values) : `${address}: ${recipientSentence(translate, warning)}`;
    });
  });
}

/** @param {Person} person @param {Letter} letter */
function canRead({ finding }, { hasPassword }) {
  return finding?.readiness === "ready" || (finding?.readiness === "password" && hasPassword);
}

/**
 * @param {Letter} letter
 * @param {Catalogue} translate
 * @returns {Obstacle[]}
 */
function keyObstacles({ unlocked, sign, hasOwnIdentity, ownAddresses, address }, translate) {
  if (!unlocked) return [{ code: "locked", text: translate("obstacle_locked"), remedies: ["unlock"] }];
  if (!sign || hasOwnIdentity) return [];
  const text = translate("obstacle_other_identity", { own: listOf(ownAddresses, translate), address });
  return [{ code: "other-identity", text, remedies: ["sign-off"] }];
}

/**
 * @param {Person} person
 * @param {Letter} letter
 * @param {Catalogue} translate
 * @returns {Obstacle[]}
 */
function sealObstacles(person, { ways }, translate) {
  const { address, finding } = person;
  if (!finding) return [{ code: "looking-up", text: translate("obstacle_looking_up", { address }), remedies: [] }];
  if (finding.readiness === "ready" || finding.readiness === "password") return [];
  const key = `obstacle_${finding.readiness.replace("-", "_")}`;
  const reason = finding.readiness === "unusable" ? finding.check.reasons.map((one) => recipientSentence(translate, one)).join(" ") : "";
  const text = translate(key, { address, reason });
  return [{ code: `certificate-${finding.readiness}`, text, remedies: ways, person }];
}
