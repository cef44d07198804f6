/** The acts of the sender on a parcel: keeping it longer, limiting how often it is opened, allowing more tries, withdrawing it. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { dayOnly } from "../../../../wasm_build/ui/formats.js";
import { actsFor, wholeNumber } from "./parcel_states.js";

/** @typedef {import("../parcel_requests.js").SentParcel} SentParcel */
/** @typedef {import("./parcels_sent.js").Given} Given */
/**
 * @typedef {{
 *   run: (button: HTMLButtonElement, request: () => Promise<SentParcel>, said: (parcel: SentParcel) => string) => Promise<void>,
 *   refuse: (sentence: string) => void,
 * }} Acting `refuse` shows why a form was not sent
 */

const USUAL_DAYS = 14;
const MOST_OPENINGS = 1_000_000;

/** @param {Given} given @param {SentParcel} parcel @param {Acting} acting */
export function createActs(given, parcel, acting) {
  const may = actsFor(parcel);
  return [
    may.tries ? createTries(given, parcel, acting) : null,
    may.extend ? createExtension(given, parcel, acting) : null,
    may.limit ? createLimit(given, parcel, acting) : null,
    may.withdraw ? createWithdrawal(given, parcel, acting) : null,
  ].filter((part) => part !== null);
}

/** @param {Given} given @param {SentParcel} parcel @param {Acting} acting */
function createTries({ services: { translate, api }, parts }, { id, triesLeft }, { run }) {
  const go = () => void run(button, () => api.parcels.giveTries(id), () => translate("sent_parcel_tries_given"));
  const button = html("button", {
    type: "button", text: translate("sent_parcel_tries"), data: { test: "sent-parcel-tries" },
    on: {
      click: () => parts.ask({
        title: translate("sent_parcel_tries_question"), meaning: translate("sent_parcel_tries_meaning"), keep: translate("cancel"),
        go: translate("sent_parcel_tries_go"), test: "sent-parcel-tries-go", onGo: go,
      }),
    },
  });
  return html(
    "div", { class: "stack", data: { test: "sent-parcel-tries-left" } },
    html("p", { text: triesLeft === 0 ? translate("sent_parcel_tries_none") : translate("sent_parcel_tries_left", { count: triesLeft }) }),
    html("div", { class: "actions" }, button),
  );
}

/** @param {Given} given @param {SentParcel} parcel @param {Acting} acting */
function createExtension({ services: { translate, api }, parts, limits: { maxDays } }, { id, expires }, { run, refuse }) {
  const days = parts.inputField(
    translate("sent_parcel_days"),
    {
      type: "number", min: 1, max: maxDays, step: 1, value: Math.min(USUAL_DAYS, maxDays), inputmode: "numeric", autocomplete: "off",
      data: { test: "sent-parcel-days" },
    },
    { hint: translate("sent_parcel_days_hint", { days: maxDays }) },
  );
  const button = html("button", { type: "submit", text: translate("sent_parcel_extend"), data: { test: "sent-parcel-extend" } });
  const submit = () => {
    const count = wholeNumber(days.input.value, 1, maxDays);
    if (count === null) return void refuse(translate("sent_parcel_days_wrong", { days: maxDays }));
    return run(button, () => api.parcels.extend(id, count), (now) =>
      translate(now.expires === expires ? "sent_parcel_not_extended" : "sent_parcel_extended", { date: dayOnly(now.expires) }));
  };
  return parts.createForm({ class: "stack" }, submit, days.element, html("div", { class: "actions" }, button));
}

/** @param {Given} given @param {SentParcel} parcel @param {Acting} acting */
function createLimit({ services: { translate, api }, parts }, { id, opened, downloads }, { run, refuse }) {
  const limit = parts.inputField(
    translate("sent_parcel_limit"),
    {
      type: "number", min: 1, max: MOST_OPENINGS, step: 1, value: downloads ?? "", inputmode: "numeric", autocomplete: "off",
      data: { test: "sent-parcel-limit" },
    },
    { hint: translate("sent_parcel_limit_hint", { count: opened }) },
  );
  const button = html("button", { type: "submit", text: translate("sent_parcel_limit_set"), data: { test: "sent-parcel-limit-set" } });
  const submit = () => {
    const isNone = limit.input.value.trim() === "" && !limit.input.validity.badInput;
    const count = isNone ? null : wholeNumber(limit.input.value, 1, MOST_OPENINGS);
    if (count === null && !isNone) return void refuse(translate("sent_parcel_limit_wrong", { most: MOST_OPENINGS }));
    return run(button, () => api.parcels.limitOpenings(id, count), () =>
      (count === null ? translate("sent_parcel_unlimited") : translate("sent_parcel_limited", { count })));
  };
  return parts.createForm({ class: "stack" }, submit, limit.element, html("div", { class: "actions" }, button));
}

/** @param {Given} given @param {SentParcel} parcel @param {Acting} acting */
function createWithdrawal({ services: { translate, api }, parts }, { id }, { run }) {
  const go = () => void run(button, () => api.parcels.withdraw(id), () => translate("sent_parcel_withdrawn"));
  const button = html("button", {
    type: "button", class: "danger-text", text: translate("sent_parcel_withdraw"), data: { test: "sent-parcel-withdraw" },
    on: {
      click: () => parts.ask({
        title: translate("sent_parcel_withdraw_question"), meaning: translate("sent_parcel_withdraw_meaning"), keep: translate("keep"),
        go: translate("sent_parcel_withdraw"), test: "sent-parcel-withdraw-go", isDanger: true, onGo: go,
      }),
    },
  });
  return html("div", { class: "actions" }, button);
}
