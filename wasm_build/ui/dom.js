/**
 * Makes DOM nodes by calls instead of markup, so that the text of a message can never become markup: single elements, the
 * parts of forms, and dialogs.
 *
 * The properties `class`, `text`, `data` (dataset) and `on` (listeners) are special. All others are attributes: `true`
 * sets an empty attribute; `false`, `null` and `undefined` set none.
 */

/** @typedef {Node | string | null | undefined | false} Child */
/**
 * @typedef {{
 *   class?: string, text?: string, data?: Record<string, string>,
 *   on?: Record<string, (event: any) => void>,
 *   [attribute: string]: unknown,
 * }} Properties
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function html(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * The nodes of a sentence. Its technical parts (`technical` in formats.js) are marked as English for screen readers.
 * @param {string} text
 * @returns {Child[]}
 */
export function sentenceNodes(text) {
  return text.split(/(\u2066[^\u2066\u2069]*\u2069)/u).map((part) =>
    part.startsWith("\u2066") ? html("span", { lang: "en", dir: "ltr", text: part.slice(1, -1) }) : part);
}

/** The element of the page's markup with this id. @param {string} id */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

let lastId = 0;

/**
 * An id that is unique in this document, for labels and descriptions.
 * @param {string} stem
 */
export function uniqueId(stem) {
  lastId += 1;
  return `${stem}-${lastId}`;
}

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

/**
 * A modal dialog, which is removed from the document when it closes.
 * @param {{titleId: string, test?: string, isWide?: boolean, onClose?: () => void}} options
 * @param {...Child} content
 */
export function openDialog({ titleId, test, isWide = true, onClose }, ...content) {
  const dialog = html("dialog", {
    class: isWide ? "dialog wide" : "dialog", "aria-labelledby": titleId, data: test ? { test } : {},
    on: { close: () => { dialog.remove(); onClose?.(); } },
  }, ...content);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Opens a dialog to read: a title, content, and a button that closes the dialog.
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {string} title
 * @param {Child[]} content
 * @param {{test?: string, isWide?: boolean}} [options]
 * @returns {HTMLDialogElement}
 */
export function openReading(translate, title, content, { test = "certificate-dialog", isWide } = {}) {
  const titleId = uniqueId("dialog");
  const close = html("button", {
    type: "button", autofocus: true, text: translate("close"), data: { test: "dialog-close" }, on: { click: () => dialog.close() },
  });
  const heading = html("h2", { id: titleId, dir: "auto", text: title });
  const dialog = openDialog({ titleId, test, isWide }, heading, ...content, html("div", { class: "actions" }, close));
  return dialog;
}

/**
 * @template {HTMLElement | SVGElement} E
 * @param {E} element
 * @param {Properties} properties
 * @param {Child[]} children
 * @returns {E}
 */
function fill(element, properties, children) {
  const { class: classes, text, data, on, ...attributes } = properties;
  if (classes) element.setAttribute("class", classes);
  if (text !== undefined) element.textContent = text;
  Object.assign(element.dataset, data ?? {});
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}
