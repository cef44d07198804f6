/**
 * The first view of a parcel: one field for the six words, and one button. The server is asked when the button is pressed. After
 * an error of the whole parcel, another view says what helps.
 *
 * The words are shown while they are typed, because people type them from a call or a note. Showing them reveals little: they
 * open only this parcel, whose content the page shows afterwards.
 */

import { createForm, html, uniqueId, whileBusy } from "../ui/dom.js";
import { codeOf, remedyFor, WORDS_OF_A_SECRET } from "./failures.js";
import { createComplaint } from "./complaint_dialog.js";
import { createPromise } from "./promise.js";

/** @typedef {import("./parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("./parcel_host.js").ParcelView} ParcelView */

/** The words are checked when the person pauses. */
const PAUSE_MILLISECONDS = 600;

/**
 * @param {ParcelHost} page
 * @param {string} words the words of the link; empty if the person types them
 * @param {{note?: string, problem?: string, typed?: string}} [options] `note` is shown above, `problem` below the field
 * @returns {ParcelView}
 */
export function createStartView(page, words, { note = "", problem = "", typed = "" } = {}) {
  const { translate } = page;
  const heading = html("h1", { tabindex: -1, text: translate("parcel_title") });
  const button = html("button", { class: "primary", type: "submit", text: translate("open"), data: { test: "open-parcel" } });
  const field = createWordsField(page, typed);
  field.setProblem(problem);
  const stated = html("p", { class: "note", text: translate("parcel_words_in_link"), data: { test: "words-in-link" } });
  const submit = () => whileBusy(button, translate("opening"), async () => {
    field.setProblem("");
    const sentence = await page.open(words || field.value);
    if (!sentence || !element.isConnected) return;
    // If the words of a link do not open the parcel, the person types others.
    words = "";
    stated.replaceWith(field.element);
    field.setProblem(sentence);
    field.focus();
  });
  const form = createForm(
    { class: "stack", data: { test: "words-form" } }, submit, words ? stated : field.element, html("div", { class: "actions" }, button, createComplaint(page)),
    html("p", { class: "field-hint", text: translate("parcel_open_meaning") }), page.createCertificateButton?.() ?? null,
  );
  const element = html(
    "div", { class: "narrow stack" },
    note ? html("p", { class: "note", text: note, data: { test: "closed-note" } }) : null, heading, createPromise(translate, translate("parcel_intro")), form,
  );
  return {
    element, heading, close: field.clear, focus: () => (words || note ? heading.focus() : field.focus()),
    renew: () => createStartView(page, words, { problem: field.problem, typed: field.value }),
  };
}

/**
 * The view after an error of the whole parcel. It says what has happened, and what helps.
 * @param {ParcelHost} page
 * @param {unknown} error
 * @returns {ParcelView}
 */
export function createFailureView(page, error) {
  const { translate } = page;
  const heading = html("h1", { tabindex: -1, text: translate("parcel_failed_title") });
  const again = remedyFor(error) === "sender" ? null : html("button", {
    class: "primary", type: "button", text: translate("try_again"), data: { test: "try-again" }, on: { click: () => page.startAgain() },
  });
  const element = html(
    "div", { class: "narrow stack" }, heading,
    html("p", { class: "problem", text: page.sentenceFor(error), data: { test: "parcel-error", code: codeOf(error) } }),
    html("div", { class: "actions" }, again, createComplaint(page)),
  );
  return { element, heading, titleKey: "parcel_failed_title", renew: () => createFailureView(page, error) };
}

/** @param {ParcelHost} page @param {string} typed */
function createWordsField(page, typed) {
  const { translate } = page;
  const [id, hintId, problemId] = ["words", "words-hint", "words-problem"].map(uniqueId);
  const hint = html("p", { class: "field-hint", id: hintId, text: translate("parcel_words_hint") });
  const problem = html("p", { class: "field-error", id: problemId, role: "alert", data: { test: "words-problem" } });
  // Browsers keep no text of a field without autocomplete, and phones learn no words from a field without suggestions.
  const area = html("textarea", {
    id, rows: 2, class: "parcel-words", dir: "auto", autocomplete: "off", autocapitalize: "none", autocorrect: "off",
    spellcheck: "false", translate: "no", writingsuggestions: "false", enterkeyhint: "go", required: true,
    "aria-describedby": `${hintId} ${problemId}`, "data-1p-ignore": "", "data-lpignore": "true", "data-bwignore": "",
    data: { test: "words" },
    on: {
      input: () => {
        setProblem("");
        timer = setTimeout(() => void look(), PAUSE_MILLISECONDS);
      },
      keydown: (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        area.form?.requestSubmit();
      },
    },
  });
  area.value = typed;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** The number of problems that were set. The result of an older look-up is ignored. */
  let turn = 0;
  const setProblem = (/** @type {string} */ text) => {
    clearTimeout(timer);
    turn += 1;
    problem.textContent = text;
    area.setAttribute("aria-invalid", String(text !== ""));
  };
  const look = async () => {
    const [{ value }, thisTurn] = [area, turn];
    if (value.split(/[\s,-]+/u).filter(Boolean).length < WORDS_OF_A_SECRET) return;
    const sentence = await page.checkWords(value).catch(() => "");
    if (thisTurn === turn && area.isConnected) setProblem(sentence);
  };
  return {
    element: html("div", { class: "field" }, html("label", { for: id, text: translate("parcel_words_label") }), area, hint, problem),
    setProblem,
    focus: () => area.focus(),
    clear: () => {
      clearTimeout(timer);
      area.value = "";
    },
    get value() { return area.value; },
    get problem() { return problem.textContent ?? ""; },
  };
}
