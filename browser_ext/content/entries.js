/**
 * Keeps armored text in the entries of a form that is submitted. The page's handlers of `formdata` run first. After
 * them the extension compares the entries, and restores the armored text if a handler has altered it.
 *
 * The guard's first listener (`passFormData`) is in the window, gets the event before the page does, and stops it. Then
 * it dispatches a second event with the same entries to the page's handlers. When `dispatchEvent` returns, all handlers
 * have run. The guard's second listener (`settleFormData`) runs after the page's microtasks and compares the entries.
 * No handler of the page runs after it.
 */
import { readArmor, textOf } from "./field_text.js";
import { filledFieldsOf, hasFilledFields, isLeft, tellAltered } from "./filled_fields.js";
import { leaveOutOld, putBack } from "./old_entries.js";

/** The method is read from the prototype, because a form's controls can shadow the form's properties. */
const { dispatchEvent } = EventTarget.prototype;

/**
 * The plan for each entry, by its name. `values` are the values to send, and `element` is the field whose armored text
 * is among them. `altered` is the page's text if the entry already had another text before the handlers ran; else null.
 * @typedef {Map<string, {element: HTMLElement, values: FormDataEntryValue[], altered: string | null}>} Plan
 */
/** @type {WeakMap<Event, Plan>} */
const plans = new WeakMap();

/** @param {FormDataEvent} event */
export function passFormData(event) {
  const [form] = event.composedPath();
  if (!event.isTrusted || !(form instanceof HTMLFormElement) || !hasFilledFields()) return;
  const { formData } = event;
  plans.set(event, planFor(form, formData));
  event.stopPropagation();
  Reflect.apply(dispatchEvent, form, [new FormDataEvent("formdata", { formData, bubbles: true })]);
}

/** @param {FormDataEvent} event */
export function settleFormData(event) {
  const plan = plans.get(event);
  if (!plan) return;
  event.stopImmediatePropagation();
  const [form] = /** @type {[HTMLFormElement]} */ (/** @type {unknown} */ (event.composedPath()));
  const { formData } = event;
  for (const [name, { element, values, altered }] of plan) {
    const now = formData.getAll(name);
    // A handler of the page may remove the entry. Then no text is sent, and nothing is put back.
    if (!now.length) continue;
    const other = now.find((value, index) => value !== values[index]) ?? now.at(-1);
    const isSame = now.length === values.length && now.every((value, index) => value === values[index]);
    if (!isSame) putBack(formData, name, values);
    if (!isSame || altered !== null) void tellAltered(element, altered ?? String(other), true);
  }
  leaveOutOld(form, formData);
}

/** @param {HTMLFormElement} form @param {FormData} formData @returns {Plan} */
function planFor(form, formData) {
  /** @type {Plan} */
  const plan = new Map();
  for (const [element, own] of filledFieldsOf(form)) {
    // The page may have renamed the field since it was filled, and given its name to another field, so both names are
    // checked.
    for (const name of new Set([own.name, element.getAttribute("name")])) {
      if (!name || !formData.has(name)) continue;
      const { values, altered } = plan.get(name) ?? { values: formData.getAll(name), altered: null };
      plan.set(name, { element, ...withArmor(values, element, own, altered) });
    }
  }
  return plan;
}

/**
 * The values of the entries with one name. If the armored text is not among them, it replaces the current value of the
 * field.
 * @param {FormDataEntryValue[]} values
 * @param {HTMLElement} element
 * @param {import("./filled_fields.js").Filled} own
 * @param {string | null} altered
 */
function withArmor(values, element, own, altered) {
  const isAgreed = (/** @type {FormDataEntryValue} */ value) =>
    typeof value === "string" && (readArmor(value) === own.armored || isLeft(value, own));
  if (values.some(isAgreed)) return { values, altered };
  const place = Math.max(0, values.indexOf(textOf(element)));
  return { values: values.with(place, own.armored), altered: altered ?? String(values[place]) };
}
