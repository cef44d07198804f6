/**
 * Recipients that a page shows as text, beside a label such as "To:", and not in a field. A form with such recipients
 * is for mail, so its text must not be encrypted as a field of the site.
 */
import { attributeOf, bodyOf, findBelow, isVisible, parentOf, textOf, textsBelow } from "./dom_tree.js";
import { recipientLabel } from "./mail_words.js";
import { rootsBelow } from "./shadow_roots.js";

/** The attributes in which webmails keep the address of a recipient whose name they show. */
const ADDRESSES = ["title", "email", "data-email", "data-address", "data-hovercard-id", "aria-label"];
const MAX_TEXT_CHARACTERS = 20_000;
/** The most characters of a label, with blanks. */
const MAX_LABEL_CHARACTERS = 60;
/** The number of elements around a label that are searched for people. */
const MAX_LEVELS = 3;
/** The largest number of labels that are examined. */
const MAX_LABELS = 50;
/** Elements in which a person writes. This module leaves them out, because people in fields are read by `mail_forms.js`. */
const FIELDS = "input:not([type=hidden]), textarea, select, [contenteditable]:not([contenteditable=false])";

/** Those of the texts that may contain addresses. Only the core parses them. @param {(string | null | undefined)[]} texts */
export function mayNamePeople(texts) {
  return texts.filter((text) => typeof text === "string").filter((text) => text.length <= MAX_TEXT_CHARACTERS && /\S@\S/u.test(text));
}

/** The texts that may name people: the text of an element, and attributes of the elements below it. @param {Element} element */
export function peopleBelow(element) {
  const values = [...findBelow(element, "*")].flatMap((inner) => ADDRESSES.map((name) => attributeOf(inner, name)));
  return mayNamePeople([...values, textOf(element)]);
}

/**
 * The elements of this document that show a label for recipients and people, and contain no field.
 * @returns {import("./mail_forms.js").Found[]}
 */
export function labelledPeople() {
  /** @type {import("./mail_forms.js").Found[]} */
  const people = [];
  let left = MAX_LABELS;
  for (const root of rootsBelow(document)) {
    for (const text of textsBelow(root)) {
      const kind = text.data.length <= MAX_LABEL_CHARACTERS ? recipientLabel(text.data) : null;
      const element = kind && left > 0 ? placeOfPeople(text) : null;
      if (kind) left -= 1;
      if (kind && element && !people.some((other) => other.element === element)) people.push({ kind, element, isText: true });
    }
  }
  return people;
}

/** The innermost element around a label that names people; null for none. @param {Text} label @returns {HTMLElement | null} */
function placeOfPeople(label) {
  let place = parentOf(label);
  for (let level = 0; place && place !== bodyOf(document) && level < MAX_LEVELS; level += 1, place = parentOf(place)) {
    if (findBelow(place, FIELDS).length > 0 || !isVisible(place)) return null;
    if (peopleBelow(place).length > 0) return place instanceof HTMLElement ? place : null;
  }
  return null;
}
