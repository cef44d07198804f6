/** The people of a letter who get it as a parcel. */

/** @typedef {import("../ui/recipients_field.js").Person} Person */
/** @typedef {import("../ui/sending_plan.js").Obstacle} Obstacle */
/** @typedef {{open: Person[], hidden: Person[]}} People the people of To and Cc, and those of Bcc */
/** @typedef {People & {isTooLarge: boolean, others: Person[]}} Parting `open` and `hidden` get the parcel, `others` get mail */

/** The codes of obstacles that a parcel avoids. A failed look-up is not one: the person may still have a certificate. */
const SOLVED = new Set(["size", "certificate-none", "certificate-unusable", "certificate-bad-file", "clear-refused"]);
/** The readiness of people who can read the letter as a mail. */
const READABLE = new Set(["ready", "password"]);

/** Whether a parcel avoids all obstacles. @param {Obstacle[]} found */
export function areSolved(found) {
  return found.length > 0 && found.every(({ code }) => SOLVED.has(code));
}

/**
 * The people who get the parcel: those who cannot read a mail, or everybody if the letter is too large for a mail.
 * @param {Obstacle[]} found
 * @param {People} people
 * @returns {Parting}
 */
export function partPeople(found, { open, hidden }) {
  const isTooLarge = found.some(({ code }) => code === "size");
  const isGoing = (/** @type {Person} */ { finding }) => isTooLarge || !finding || !READABLE.has(finding.readiness);
  return {
    isTooLarge, open: open.filter(isGoing), hidden: hidden.filter(isGoing),
    others: [...open, ...hidden].filter((person) => !isGoing(person)),
  };
}

/** The people of To and Cc who get the letter by mail, beside the parcel. @param {Obstacle[]} found @param {People} people */
export function openOthers(found, people) {
  const { others } = partPeople(found, people);
  return people.open.filter((person) => others.includes(person));
}
