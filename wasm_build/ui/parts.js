/** Small elements that several views use: errors, labelled fields, forms, questions, buttons that show work. */

import { disturb } from "./calm.js";
import { openDialog } from "./dialog.js";
import { html, uniqueId } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {import("./dom.js").Properties} Properties */

/**
 * The paragraph for an error. It is hidden while empty.
 * @param {string} test the name with which tests find the paragraph
 */
export function problem(test) {
  return html("p", { class: "problem", role: "alert", data: { test } });
}

/**
 * A labelled input.
 * @param {string} label
 * @param {Record<string, unknown>} attributes
 * @param {{hint?: string}} [options]
 */
export function inputField(label, attributes, { hint } = {}) {
  const id = uniqueId("input");
  const hintId = hint ? `${id}-hint` : null;
  const input = html("input", { id, "aria-describedby": hintId, ...attributes });
  const element = html(
    "div",
    { class: "field" },
    html("label", { for: id, text: label }),
    input,
    hint ? html("p", { class: "field-hint", id: hintId, text: hint }) : null,
  );
  return { element, input };
}

/**
 * The text field of a letter.
 * @param {string} value
 * @param {() => void} [onInput]
 */
export function createTextArea(value, onInput = () => {}) {
  // With `autocomplete=off` browsers do not write the typed text to their session files.
  const area = html("textarea", {
    id: uniqueId("text"), class: "letter-text", autocomplete: "off", spellcheck: "false", translate: "no", dir: "auto",
    rows: 14, data: { test: "compose-text" }, on: { input: onInput },
  });
  area.value = value;
  return area;
}

/**
 * A check box that looks like a switch.
 * @param {string} label
 * @param {string} test
 * @param {(checked: boolean) => void} onChange
 */
export function switchField(label, test, onChange) {
  const input = html("input", {
    type: "checkbox", role: "switch", class: "switch", data: { test },
    on: { change: () => onChange(input.checked) },
  });
  return { element: html("label", { class: "switch-label" }, input, html("span", { text: label })), input };
}

/**
 * A form that a script handles; the browser sends nothing.
 * @param {Properties} properties
 * @param {() => unknown} onSubmit
 * @param {...Child} children
 */
export function createForm(properties, onSubmit, ...children) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void onSubmit();
  };
  return html("form", { novalidate: true, ...properties, on: { submit } }, ...children);
}

/**
 * Asks the person before something is lost. `onKeep` is called if the person presses the first button, `onGo` only if they press the
 * second. The second button is red if its action cannot be undone.
 * @param {{
 *   title: string, meaning: string, keep: string, go: string, test: string, onKeep?: () => void, onGo: () => void, isDanger?: boolean,
 * }} question
 */
export function ask({ title, meaning, keep, go, test, onKeep, onGo, isDanger = false }) {
  const titleId = uniqueId("question");
  const answer = (/** @type {(() => void) | undefined} */ act) => ({ click: () => { dialog.close(); act?.(); } });
  const dialog = openDialog(
    { titleId, isWide: false },
    html("h2", { id: titleId, text: title }),
    html("p", { text: meaning }),
    html(
      "div",
      { class: "actions" },
      html("button", { type: "button", text: keep, on: answer(onKeep) }),
      html("button", {
        class: isDanger ? "danger" : "primary", type: "button", text: go, data: { agrees: "", test }, on: answer(onGo),
      }),
    ),
  );
  disturb();
}

/** The buttons whose action is running. `aria-disabled` does not identify them, because forms also set it for obstacles. */
const busy = new WeakSet();

/**
 * Runs the action of a button. Meanwhile the button shows `busyLabel`, ignores clicks, and keeps the focus.
 * @param {HTMLButtonElement} button
 * @param {string} busyLabel
 * @param {() => unknown} action
 * @param {(error: unknown) => void} [onError] without `onError` the returned promise rejects with an error
 */
export async function whileBusy(button, busyLabel, action, onError) {
  if (busy.has(button)) return;
  busy.add(button);
  const label = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = busyLabel;
  try {
    await action();
  } catch (error) {
    if (!onError) throw error;
    onError(error);
  } finally {
    busy.delete(button);
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  }
}
