/** The known states of a parcel that was sent, who says so, and what its sender can do with it. */

import { technical } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../parcel_requests.js").SentParcel} SentParcel */
/** @typedef {import("../parcel_requests.js").StateRow} StateRow */
/** @typedef {"waiting" | "sent" | "claimed" | "signed" | "ended" | "failed"} Look the shape and colour of a state */
/** @typedef {{state: string, by: string, look: Look, isClaim: boolean, isSigned: boolean}} Headline */

const STATES = new Set(["uploading", "submitted", "notified", "received", "opened", "answered", "expired", "withdrawn", "failed"]);
/** Those whose word is no claim of somebody unknown. A report has the name of the notice, which only its way and its reader know. */
const SURE = ["recipient-signed", "service", "sender", "mail-server"];
/** Those who say that the mail to a recipient has failed. */
const MAIL = new Set(["service", "mail-server"]);
/** The tries that a new parcel has, and that the sender gives at a time. */
const TRIES = 5;

/** The word of the catalogue for a state; one of a newer bridge has none of its own. @param {Pick<StateRow, "state" | "by" | "recipient">} row */
export function stateKey({ state, by, recipient }) {
  // An answer names nobody, because nobody knows who wrote it. One that did not reach the sender names the sender.
  if (state === "answered" && recipient) return "sent_parcel_state_answer_lost";
  // Only the mail that tells of a parcel fails at the bridge or at a mail server. What fails for a recipient, a program there says.
  if (state === "failed" && MAIL.has(by)) return "sent_parcel_state_unnotified";
  return STATES.has(state) ? `sent_parcel_state_${state}` : "sent_parcel_state_other";
}

/** The sentence of the catalogue that names who says a state. @param {StateRow} row */
export function speakerKey({ by }) {
  switch (by) {
    case "sender": return "sent_parcel_by_sender";
    case "recipient-claims": return "sent_parcel_by_claim";
    case "recipient-signed": return "sent_parcel_by_signed";
    case "service": return "sent_parcel_by_service";
    case "mail-server": return "sent_parcel_by_mail_server";
    // Nobody vouches for the word of a bridge that is newer than these pages.
    default: return "sent_parcel_by_other";
  }
}

/**
 * The meaning of a code beside a state: a key of the catalogue with its values.
 * @param {string} code
 * @param {string} state
 * @returns {[string, Record<string, string>]}
 */
export function codeWords(code, state) {
  const number = /^smtp-(\d{3})$/u.exec(code)?.[1];
  const isOwn = state === "answered";
  const status = /^returned-([45]\.\d{1,3}\.\d{1,3})$/u.exec(code)?.[1];
  if (status) return ["sent_parcel_code_returned", { number: status }];
  if (number) return [isOwn ? "sent_parcel_code_own_smtp" : "sent_parcel_code_smtp", { number }];
  switch (code) {
    case "given-up": return [isOwn ? "sent_parcel_code_own_given_up" : "sent_parcel_code_given_up", {}];
    case "recipient-refused": return ["sent_parcel_code_recipient_refused", {}];
    case "sender-blocked": return ["sent_parcel_code_sender_blocked", {}];
    case "perhaps-twice": return ["sent_parcel_twice", {}];
    default: return ["sent_parcel_code", { code: technical(code) }];
  }
}

/** @param {StateRow} row @returns {Look} */
export function lookOf({ state, by, recipient }) {
  if (state === "failed" || (state === "answered" && recipient)) return "failed";
  if (state === "expired" || state === "withdrawn") return "ended";
  if (state === "uploading") return "waiting";
  if (by === "recipient-signed") return "signed";
  return by === "service" || by === "sender" ? "sent" : "claimed";
}

/**
 * The state that stands for a parcel in the list. It is a claim if nobody but a program of the recipient says so.
 * @param {SentParcel} parcel
 * @returns {Headline}
 */
export function headlineOf({ state, states }) {
  const said = states.filter((row) => row.state === state).map(({ by }) => by);
  const by = SURE.find((one) => said.includes(one)) ?? said[0] ?? "service";
  const look = lookOf({ state, by, at: "" });
  // A failure or an end that a program claims is a claim too, whatever its shape.
  return { state, by, look, isClaim: !SURE.includes(by), isSigned: by === "recipient-signed" };
}

/**
 * The acts that the sender can do on a parcel.
 * @param {SentParcel} parcel
 */
export function actsFor({ stored, state, triesLeft }) {
  return {
    withdraw: stored,
    extend: stored,
    limit: stored && state !== "expired",
    // After a wrong try, because ten are the most that a parcel has.
    tries: stored && state !== "expired" && triesLeft < TRIES,
  };
}

/** A whole number that a person has typed, or null if it is none from `least` to `most`. @param {string} text @param {number} least @param {number} most */
export function wholeNumber(text, least, most) {
  const trimmed = text.trim();
  const number = /^\d{1,9}$/u.test(trimmed) ? Number(trimmed) : NaN;
  return number >= least && number <= most ? number : null;
}
