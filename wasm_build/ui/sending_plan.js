/**
 * The plan for sending a letter: the sentence under the letter that says how it will be sent, and every reason why it
 * cannot be sent yet.
 *
 * The functions are pure, so that tests can call them without the view.
 */

import { dayOnly, listOf } from "./formats.js";
import { recipientSentence } from "./verdict_words.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/** @typedef {import("./recipients_field.js").Person} Person */
/**
 * @typedef {"unlock" | "encrypt-off" | "sign-off" | "look-up" | "choose-file" | "ask" | "password" | "look-up-all"
 *   | "remove-all" | "parcel"} Remedy
 */
/**
 * @typedef {{code: string, text: string, remedies: Remedy[], person?: Person, people?: Person[]}} Obstacle `people` are
 * the people of an obstacle that concerns several people
 */
/**
 * @typedef {{
 *   sign: boolean, encrypt: boolean, people: Person[], address: string, unlocked: boolean, hasOwnIdentity: boolean,
 *   ownAddresses: string[], bytes: number, maxBytes: number, answersEncrypted: boolean, ways: Remedy[], hasPassword: boolean,
 *   isReading: boolean, leaving?: import("./leaving_clear.js").Leaving,
 * }} Letter `encrypt` says whether the message would leave encrypted now, and `leaving` why; `isReading` is true while
 *   files are read; `ways` are the remedies for a missing certificate; `hasPassword` is true if the person has typed a
 *   password for recipients without a certificate
 */

/** Warnings that are the same for all recipients. Only the details of a certificate show them. */
const FOR_DETAILS = new Set(["revocation-not-checked"]);
/** If more certificates are missing, they become one obstacle, whose remedies are for all these people. */
const MOST_SINGLE = 3;
/** Warnings that nobody has to read before the letter leaves. */
const NOT_URGENT = new Set(["expires-soon", "revocation-unknown", "revocation-not-checked"]);

/**
 * The sentence that says how the letter would be sent now, or which recipients could not read it yet.
 * @param {Letter} letter
 * @param {Catalogue} translate
 */
export function whatWillLeave(letter, translate) {
  const { sign, encrypt, address, answersEncrypted, leaving } = letter;
  const people = letter.people.filter(({ valid }) => valid);
  if (leaving?.kind === "refused" && !encrypt) return translate("leaves_switch_on");
  const closed = encrypt ? people.filter((person) => !canRead(person, letter)).map((person) => person.address) : [];
  if (closed.length > 0) return notReadySentence(closed, leaving?.kind === "ask", translate);
  const names = [...people.map((person) => person.address), translate("you")];
  const who = names.length > 1 ? listOf(names, translate) : translate("people_and_you");
  const warning = answersEncrypted && !encrypt ? ` ${translate("answers_encrypted")}` : "";
  const unknown = leaving?.kind === "clear" ? leaving.unknown : [];
  const because = unknown.length > 0 ? `${unknownSentence(unknown, translate)} ` : "";
  if (sign && encrypt) return translate("leaves_signed_encrypted", { address, who });
  if (encrypt) return translate("leaves_encrypted", { who });
  return because + (sign ? translate("leaves_signed", { address }) : translate("leaves_plain")) + warning;
}

/**
 * @param {string[]} people who cannot read the message encrypted @param {boolean} asks whether Send asks
 * @param {Catalogue} translate
 */
function notReadySentence(people, asks, translate) {
  const count = people.length;
  if (count > MOST_SINGLE) return asks ? translate("leaves_asks_many", { count }) : translate("leaves_not_yet_many", { count });
  const who = listOf(people, translate);
  return asks ? translate("leaves_asks", { who }) : translate("leaves_not_yet", { who });
}

/** @param {string[]} people for whom nothing was ever found @param {Catalogue} translate */
function unknownSentence(people, translate) {
  const count = people.length;
  return count > MOST_SINGLE ? translate("leaves_clear_many", { count }) : translate("leaves_clear", { who: listOf(people, translate) });
}

/**
 * The obstacles to sending; empty if the letter can be sent.
 * @param {Letter} letter
 * @param {Catalogue} translate
 * @returns {Obstacle[]}
 */
export function obstacles(letter, translate) {
  const { people, sign, encrypt, bytes, maxBytes, isReading, ways } = letter;
  /** @type {Obstacle[]} */
  const obstacleList = [];
  if (people.length === 0) obstacleList.push({ code: "nobody", text: translate("obstacle_nobody"), remedies: [] });
  for (const { address } of people.filter(({ valid }) => !valid)) {
    obstacleList.push({ code: "address", text: translate("obstacle_address", { address }), remedies: [] });
  }
  if (bytes > maxBytes) {
    const megabytes = Math.floor(maxBytes / 1_000_000);
    const remedies = ways.filter((way) => way === "parcel");
    obstacleList.push({ code: "size", text: translate("obstacle_size", { megabytes }), remedies });
  }
  if (isReading) obstacleList.push({ code: "reading", text: translate("obstacle_reading_files"), remedies: [] });
  if (sign || encrypt) obstacleList.push(...keyObstacles(letter, translate));
  if (encrypt) obstacleList.push(...certificateObstacles(letter, translate));
  return obstacleList;
}

/**
 * The people without a usable certificate, and those who are still looked up. Only the look-ups keep the message from
 * being sent: `leaving_clear.js` decides about the others.
 * @param {Letter} letter
 * @param {Catalogue} translate
 */
export function certificateObstacles(letter, translate) {
  return letter.people.filter(({ valid }) => valid).flatMap((person) => encryptObstacles(person, letter, translate));
}

/** Whether an obstacle keeps the message from being sent. @param {Obstacle} obstacle */
export function isBlocking({ code }) {
  return !code.startsWith("certificate-");
}

/**
 * The sentence that says why a person cannot read the message encrypted.
 * @param {Person} person @param {Catalogue} translate
 */
export function causeSentence({ address, finding }, translate) {
  const readiness = finding?.readiness ?? "none";
  const reason = finding?.readiness === "unusable"
    ? finding.check.reasons.map((cause) => recipientSentence(translate, cause)).join(" ") : "";
  return translate(`obstacle_${readiness.replace("-", "_")}`, { address, reason });
}

/**
 * Joins obstacles. The missing certificates of a group of people become one obstacle, and so do many other missing
 * certificates, and many look-ups.
 * @param {Obstacle[]} found
 * @param {Catalogue} translate
 * @returns {Obstacle[]}
 */
export function groupObstacles(found, translate) {
  const ofGroups = obstaclesOfGroups(found, translate);
  const grouped = new Set(ofGroups.flatMap(({ people }) => people));
  const others = groupMany(found.filter(({ person }) => !person || !grouped.has(person)), translate);
  return [...ofGroups, ...others];
}

/**
 * One obstacle for each group of which several members have no certificate.
 * @param {Obstacle[]} obstacleList @param {Catalogue} translate
 */
function obstaclesOfGroups(obstacleList, translate) {
  /** @type {Map<string, Person[]>} */
  const members = new Map();
  const missing = obstacleList.filter(({ code }) => code.startsWith("certificate-"));
  for (const { person } of missing) {
    if (person?.group) members.set(person.group, [...members.get(person.group) ?? [], person]);
  }
  return [...members].filter(([, people]) => people.length > 1).map(([group, people]) => ({
    code: "certificates", text: translate("obstacle_group", { count: people.length, group }), people, remedies: remediesForMany(missing),
  }));
}

/** The remedies for several missing certificates at once. @param {Obstacle[]} missing @returns {Remedy[]} */
function remediesForMany(missing) {
  const offered = /** @type {const} */ (["parcel", "encrypt-off"]).filter((way) => missing.some(({ remedies }) => remedies.includes(way)));
  return ["look-up-all", "remove-all", ...offered];
}

/** @param {Obstacle[]} obstacleList @param {Catalogue} translate */
function groupMany(obstacleList, translate) {
  const missing = obstacleList.filter(({ code }) => code.startsWith("certificate-"));
  const lookUps = obstacleList.filter(({ code }) => code === "looking-up");
  const people = missing.flatMap(({ person }) => (person ? [person] : []));
  /** @type {Obstacle[]} */
  const groups = [];
  if (lookUps.length > MOST_SINGLE) {
    groups.push({ code: "looking-up", text: translate("obstacle_looking_up_many", { count: lookUps.length }), remedies: [] });
  }
  if (missing.length > MOST_SINGLE) {
    const text = translate("obstacle_many", { count: people.length });
    groups.push({ code: "certificates", text, remedies: remediesForMany(missing), people });
  }
  const isGrouped = (/** @type {Obstacle} */ obstacle) =>
    (missing.includes(obstacle) && missing.length > MOST_SINGLE) || (lookUps.includes(obstacle) && lookUps.length > MOST_SINGLE);
  return [...obstacleList.filter((obstacle) => !isGrouped(obstacle)), ...groups];
}

/**
 * The warnings about recipients' certificates that do not stop the sending, such as a certificate that expires soon.
 * @param {Letter} letter
 * @param {Catalogue} translate
 * @returns {string[]}
 */
export function warnings({ encrypt, people }, translate) {
  if (!encrypt) return [];
  return people.flatMap(({ address, finding }) => {
    if (finding?.readiness !== "ready") return [];
    const values = { address, date: dayOnly(finding.check.notAfter) };
    return finding.check.warnings.filter(({ code }) => !FOR_DETAILS.has(code)).map((warning) => {
      const key = `warning_${warning.code.replaceAll("-", "_")}`;
      return translate.has(key) ? translate(key, values) : `${address}: ${recipientSentence(translate, warning)}`;
    });
  });
}

/**
 * The codes of the warnings to read before the letter leaves, such as the warning about a person's new certificate.
 * @param {Letter} letter
 */
export function urgentWarnings({ encrypt, people }) {
  if (!encrypt) return [];
  const allWarnings = people.flatMap(({ finding }) => (finding?.readiness === "ready" ? finding.check.warnings : []));
  return allWarnings.map(({ code }) => code).filter((code) => !NOT_URGENT.has(code));
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
function encryptObstacles(person, { ways }, translate) {
  const { address, finding } = person;
  if (!finding) return [{ code: "looking-up", text: translate("obstacle_looking_up", { address }), remedies: [] }];
  if (finding.readiness === "ready" || finding.readiness === "password") return [];
  return [{ code: `certificate-${finding.readiness}`, text: causeSentence(person, translate), remedies: ways, person }];
}
