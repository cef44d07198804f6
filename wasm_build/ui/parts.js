/** Small parts that several views use: problems, labelled fields, buttons that wait. */

import { disturb } from "./calm.js";
import { html, uniqueId } from "./dom.js";

/**
 * The place where an error stands: hidden while empty.
 * @param {string} test the hook for tests
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
 * A check box that people read as a switch.
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
 * Asks before something is lost; only the second button lets it happen.
 * @param {{title: string, meaning: string, keep: string, go: string, test: string, onGo: () => void}} question
 */
export function ask({ title, meaning, keep, go, test, onGo }) {
  const titleId = uniqueId("question");
  const dialog = html(
    "dialog",
    { class: "dialog", "aria-labelledby": titleId, on: { close: () => dialog.remove() } },
    html("h2", { id: titleId, text: title }),
    html("p", { text: meaning }),
    html(
      "div",
      { class: "actions" },
      html("button", { type: "button", text: keep, on: { click: () => dialog.close() } }),
      html("button", {
        class: "primary", type: "button", text: go, data: { agrees: "", test }, on: { click: () => { dialog.close(); onGo(); } },
      }),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  disturb();
}

/**
 * Runs what a button started; meanwhile the button says so and takes no second click, and keeps the focus.
 * @param {HTMLButtonElement} button
 * @param {string} busyLabel
 * @param {() => Promise<void>} action
 */
export async function whileBusy(button, busyLabel, action) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const label = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = busyLabel;
  try {
    await action();
  } finally {
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  }
}
