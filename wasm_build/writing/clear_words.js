/** The sentences about a message that leaves unencrypted, or may not: the question, and who forbids it. */

import { addressKey, listOf } from "../ui/formats.js";
import { causeSentence } from "../ui/sending_plan.js";

/** @typedef {import("../ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../ui/recipient_line.js").Person} Person */
/** @typedef {import("../ui/leaving_clear.js").Leaving} Leaving */
/** @typedef {import("../ui/leaving_clear.js").Reader} Reader */
/** @typedef {Extract<Leaving, {kind: "ask"}>} Question */

/** If more people cannot read the message for causes of their own, the others are counted. */
const MOST_CAUSES = 3;

/**
 * The text of the red question. It names the people and the causes.
 * @param {Question} question @param {Person[]} people @param {Catalogue} translate
 */
export function questionWords({ causes, answersEncrypted }, people, translate) {
  const own = causes.filter(({ state }) => state !== "readable" && state !== "never-found");
  const readable = addressesIn(causes, "readable");
  const left = people.filter(({ address }) => !causes.some((cause) => addressKey(cause.address) === addressKey(address)));
  const unknown = [...addressesIn(causes, "never-found"), ...left.map(({ address }) => address)];
  return [
    answersEncrypted ? translate("answers_encrypted") : "",
    ...own.slice(0, MOST_CAUSES).map((cause) => wordsOfCause(cause, people, translate)),
    own.length > MOST_CAUSES ? translate("causes_more", { count: own.length - MOST_CAUSES }) : "",
    readable.length > 0 ? translate("cause_readable", { who: listOf(readable, translate) }) : "",
    unknown.length > 0 ? translate("cause_never_found", { who: listOf(unknown, translate) }) : "",
    translate("send_unencrypted_meaning"),
  ].filter(Boolean).join(" ");
}

/**
 * The obstacle of a message that must not leave unencrypted.
 * @param {Extract<Leaving, {kind: "refused"}>} refusal @param {Catalogue} translate
 * @returns {import("../ui/sending_plan.js").Obstacle}
 */
export function refusedObstacle({ by, addresses }, translate) {
  const key = { policy: "obstacle_clear_never", "policy-domain": "obstacle_clear_domain", person: "obstacle_clear_own" }[by];
  return { code: "clear-refused", text: translate(key, { who: listOf(addresses, translate) }), remedies: [] };
}

/** @param {Reader[]} readers @param {Reader["state"]} wanted */
function addressesIn(readers, wanted) {
  return readers.filter(({ state }) => state === wanted).map(({ address }) => address);
}

/** @param {Reader} cause @param {Person[]} people @param {Catalogue} translate */
function wordsOfCause({ address, state }, people, translate) {
  const person = people.find((each) => addressKey(each.address) === addressKey(address));
  if (state === "earlier-encrypted" || !person) return translate("cause_earlier", { address });
  return causeSentence(person, translate);
}
