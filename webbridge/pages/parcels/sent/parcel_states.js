/** The known states of a sent parcel, who reports them, and what the sender can do with the parcel. */

import { technical } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../parcel_requests.js").SentParcel} SentParcel */
/** @typedef {import("../parcel_requests.js").StateRow} StateRow */
/** @typedef {"waiting" | "sent" | "claimed" | "signed" | "ended" | "failed"} Look the shape and colour of a state */
/** @typedef {{state: string, by: string, look: Look, isClaim: boolean, isSigned: boolean}} Headline */

const STATES = new Set(["uploading", "submitted", "notified", "received", "opened", "answered", "expired", "withdrawn", "failed"]);
/** The sources whose reports are not claims. A mail server's report has the notice's Message-ID, which others do not know. */
const SURE = ["recipient-signed", "service", "sender", "mail-server"];
/** The sources that report that the mail to a recipient has failed. */
const MAIL = new Set(["service", "mail-server"]);
/** The tries of a new parcel, and the tries that the sender adds at a time. */
const TRIES = 5;

/** The word of the catalogue for a state. Unknown states of a newer bridge share one word. @param {Pick<StateRow, "state" | "by" | "recipient">} row */
export function stateKey({ state, by, recipient }) {
  // The state of an answer has a recipient only if the answer did not reach the sender.
  if (state === "answered" && recipient) return "sent_parcel_state_answer_lost";
  // At the bridge or a mail server, only the notice of a parcel can fail. Other failures are reported by the recipient's program.
  if (state === "failed" && MAIL.has(by)) return "sent_parcel_state_unnotified";
  return STATES.has(state) ? `sent_parcel_state_${state}` : "sent_parcel_state_other";
}

const SPEAKERS = new Map([
  ["sender", "sent_parcel_by_sender"], ["recipient-claims", "sent_parcel_by_claim"], ["recipient-signed", "sent_parcel_by_signed"],
  ["service", "sent_parcel_by_service"], ["mail-server", "sent_parcel_by_mail_server"],
]);

/** The sentence of the catalogue that names who reported a state. @param {StateRow} row */
export function speakerKey({ by }) {
  // If these pages do not know the source, the bridge is newer.
  return SPEAKERS.get(by) ?? "sent_parcel_by_other";
}

const CODES = new Map([
  ["recipient-refused", "sent_parcel_code_recipient_refused"], ["sender-blocked", "sent_parcel_code_sender_blocked"],
  ["perhaps-twice", "sent_parcel_twice"],
]);

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
  if (code === "given-up") return [isOwn ? "sent_parcel_code_own_given_up" : "sent_parcel_code_given_up", {}];
  return [CODES.get(code) ?? "sent_parcel_code", { code: technical(code) }];
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
 * The state that the list shows for a parcel. It is a claim if only a program of the recipient reports it.
 * @param {SentParcel} parcel
 * @returns {Headline}
 */
export function headlineOf({ state, states }) {
  const reporters = states.filter((row) => row.state === state).map(({ by }) => by);
  const by = SURE.find((reporter) => reporters.includes(reporter)) ?? reporters[0] ?? "service";
  const look = lookOf({ state, by, at: "" });
  // A failure or an end is a claim too if only a program of the recipient reports it, whatever its look.
  return { state, by, look, isClaim: !SURE.includes(by), isSigned: by === "recipient-signed" };
}

/**
 * The acts of the sender that are possible on a parcel.
 * @param {SentParcel} parcel
 */
export function actsFor({ stored, state, triesLeft }) {
  return {
    withdraw: stored,
    extend: stored,
    limit: stored && state !== "expired",
    // The sender can add tries only after a wrong try, because a parcel has ten tries at most.
    tries: stored && state !== "expired" && triesLeft < TRIES,
  };
}

/** A whole number from `least` to `most` that a person has typed; null for other text. @param {string} text @param {number} least @param {number} most */
export function wholeNumber(text, least, most) {
  const trimmed = text.trim();
  const number = /^\d{1,9}$/u.test(trimmed) ? Number(trimmed) : NaN;
  return number >= least && number <= most ? number : null;
}
