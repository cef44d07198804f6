/** The question before a letter goes as a parcel. It says what happens then, and asks for the language, the days, and how the six words reach the recipient. */

import { html } from "../ui/dom.js";
import { isolate, listOf, size } from "../ui/formats.js";

/** @typedef {import("./letter_host.js").LetterHost} LetterHost */
/** @typedef {import("./letter_host.js").ParcelLetter<unknown>} Letter */
/** @typedef {import("./parcel_post.js").Choice} Choice */

const USUAL_DAYS = 14;
/** The number of people who are named. The others are only counted. */
const NAMED_PEOPLE = 3;
const DIGITS = /^\d{1,4}$/u;

/**
 * @param {LetterHost} host
 * @param {Letter} letter
 * @param {{titleId: string, onGo: (choice: Choice) => void, onUnencrypted: () => void, onBack: () => void}} options
 * @returns {HTMLElement[]}
 */
export function createQuestion(host, letter, { titleId, onGo, onUnencrypted, onBack }) {
  const { translate, parts, limits } = host;
  const failure = parts.problem("parcel-question-error");
  const language = createLanguage(host);
  const days = parts.inputField(
    translate("as_parcel_days"),
    {
      type: "number", min: 1, max: limits.maxDays, step: 1, value: Math.min(USUAL_DAYS, limits.maxDays), inputmode: "numeric",
      autocomplete: "off", data: { test: "parcel-days" },
    },
  );
  const route = createRoutes(host);
  const refusal = host.refusal || whyTooMuch(host, letter);
  failure.textContent = refusal;
  const submit = () => {
    const count = DIGITS.test(days.input.value.trim()) ? Number(days.input.value) : 0;
    if (refusal) return;
    if (count >= 1 && count <= limits.maxDays) return onGo({ language: language.value, days: count, route: route.chosen() });
    failure.textContent = translate("sent_parcel_days_wrong", { days: limits.maxDays });
    days.input.focus();
  };
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) =>
    html("button", { type: "button", text: translate(key), data: { test }, on: { click } });
  const go = html("button", { class: "primary", type: "submit", text: translate("send_as_parcel"), data: { agrees: "", test: "parcel-go" } });
  if (refusal) go.setAttribute("aria-disabled", "true");
  const isUnencryptedOffered = letter.encrypt && letter.mayBeClear && !letter.isTooLarge;
  return [
    html("h2", { id: titleId, tabindex: -1, dir: "auto", text: titleOf(host, letter) }),
    ...sentencesOf(host, letter).map((text) => html("p", { dir: "auto", text })),
    ...host.notes.map((text) => html("p", { class: "note", dir: "auto", text, data: { test: "parcel-note" } })),
    parts.createForm(
      { class: "stack", data: { test: "parcel-question" } }, submit, route.element, language.element, days.element, failure,
      html(
        "div", { class: "actions" }, go,
        isUnencryptedOffered && button("as_parcel_unencrypted", "parcel-unencrypted", onUnencrypted), button("back_to_message", "parcel-back", onBack),
      ),
    ),
  ];
}

/** @param {LetterHost} host @param {string[]} addresses */
function peopleOf({ translate }, addresses) {
  const named = addresses.slice(0, NAMED_PEOPLE).map(isolate);
  const more = addresses.length - named.length;
  return listOf(more > 0 ? [...named, translate("sent_parcel_more_people", { count: more })] : named, translate);
}

/** @param {LetterHost} host @param {Letter} letter */
function titleOf(host, { open, hidden, isTooLarge }) {
  const { translate } = host;
  const addresses = [...open, ...hidden].map(({ address }) => address);
  if (isTooLarge) return translate("as_parcel_question_large");
  return addresses.length === 1
    ? translate("as_parcel_question_one", { who: isolate(addresses[0] ?? "") })
    : translate("as_parcel_question_some", { who: peopleOf(host, addresses) });
}

/** @param {LetterHost} host @param {Letter} letter */
function sentencesOf(host, { open, hidden, others, isTooLarge, hasStatements }) {
  const { translate } = host;
  return [
    translate("as_parcel_meaning", { who: peopleOf(host, [...open, ...hidden].map(({ address }) => address)) }),
    isTooLarge && open.length + hidden.length > 1 ? translate("as_parcel_for_all") : "",
    others.length > 0 ? host.sentenceForOthers(peopleOf(host, others.map(({ address }) => address))) : "",
    hidden.length > 0 && open.length + hidden.length > 1 ? translate("as_parcel_for_bcc") : "",
    hasStatements ? translate("as_parcel_without_statements") : "",
  ].filter((text) => text);
}

/** The reason why the bridge would refuse the parcel; empty if it would not. @param {LetterHost} host @param {Letter} letter */
function whyTooMuch({ translate, limits }, { open, files }) {
  if (open.length > limits.maxRecipients) return translate("as_parcel_too_many_people", { count: limits.maxRecipients });
  const bytes = files.reduce((sum, { data }) => sum + data.size, 0);
  return bytes > limits.maxBytes ? translate("as_parcel_too_large", { size: size(limits.maxBytes) }) : "";
}

/** @param {LetterHost} host */
function createLanguage({ translate, language, parts, languages }) {
  const id = parts.uniqueId("language");
  const select = html(
    "select", { id, data: { test: "parcel-language" } },
    ...Object.entries(languages).map(([value, text]) => html("option", { value, lang: value, text })),
  );
  select.value = language;
  return {
    element: html("div", { class: "field" }, html("label", { for: id, text: translate("as_parcel_language") }), select),
    get value() {
      return select.value;
    },
  };
}

/** @param {LetterHost} host */
function createRoutes({ translate, parts }) {
  const name = parts.uniqueId("route");
  const choice = (/** @type {string} */ value, /** @type {string} */ key, /** @type {string} */ hint) => {
    const hintId = parts.uniqueId("hint");
    const input = html("input", {
      type: "radio", name, value, checked: value === "told", "aria-describedby": hintId, data: { test: `parcel-route-${value}` },
    });
    const element = html(
      "div", { class: "parcel-route" }, html("label", { class: "check" }, input, translate(key)),
      html("p", { class: "field-hint", id: hintId, text: translate(hint) }),
    );
    return { input, element };
  };
  const told = choice("told", "as_parcel_route_told", "as_parcel_route_told_hint");
  const link = choice("link", "as_parcel_route_link", "as_parcel_route_link_hint");
  return {
    element: html("fieldset", { class: "parcel-routes" }, html("legend", { text: translate("as_parcel_route") }), told.element, link.element),
    /** @returns {import("../ui/parcel_secret.js").Route} */
    chosen: () => (link.input.checked ? "link" : "told"),
  };
}
