/**
 * The entries of a form with sealed text, as they leave: the page's handlers of `formdata` run first, whatever they do with
 * the event, and the last comparison is the extension's.
 *
 * The guard hears the event in the window before the page does. It is held there; the page's handlers get another event
 * with the same entries, whose dispatch is over, or stopped by one of them, when `dispatchEvent` returns. The second
 * listener of the guard compares after the page's microtasks, and nobody comes after it.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.passFormData) return;
  /** A form's controls shadow its properties. */
  const { dispatchEvent } = EventTarget.prototype;

  /**
   * By the name of an entry: the values that leave, the field that holds the sealed one, and the page's own text where
   * there was another one from the beginning.
   * @typedef {Map<string, {element: HTMLElement, values: FormDataEntryValue[], altered: string | null}>} Plan
   */
  /** @type {WeakMap<Event, Plan>} */
  const plans = new WeakMap();

  /** @param {FormDataEvent} event */
  function passFormData(event) {
    const [form] = event.composedPath();
    if (!event.isTrusted || !(form instanceof HTMLFormElement)) return;
    const { formData } = event;
    const plan = planFor(form, formData);
    if (!plan.size) return;
    plans.set(event, plan);
    event.stopPropagation();
    Reflect.apply(dispatchEvent, form, [new FormDataEvent("formdata", { formData, bubbles: true })]);
  }

  /** @param {FormDataEvent} event */
  function settleFormData(event) {
    const plan = plans.get(event);
    if (!plan) return;
    event.stopImmediatePropagation();
    const { formData } = event;
    for (const [name, { element, values, altered }] of plan) {
      const now = formData.getAll(name);
      // What a handler takes out is not sent.
      if (!now.length) continue;
      const other = now.find((value, index) => value !== values[index]) ?? now.at(-1);
      const isSame = now.length === values.length && now.every((value, index) => value === values[index]);
      if (!isSame) putBack(formData, name, values);
      if (!isSame || altered !== null) void shared.tellAltered(element, altered ?? String(other), true);
    }
  }

  /** @param {HTMLFormElement} form @param {FormData} formData @returns {Plan} */
  function planFor(form, formData) {
    /** @type {Plan} */
    const plan = new Map();
    for (const [element, sealed] of shared.sealedFieldsOf(form)) {
      // The page may have called the field something else, and another one by its name.
      for (const name of new Set([sealed.name, element.getAttribute("name")])) {
        if (!name || !formData.has(name)) continue;
        const { values, altered } = plan.get(name) ?? { values: formData.getAll(name), altered: null };
        plan.set(name, { element, ...withSealed(values, element, sealed, altered) });
      }
    }
    return plan;
  }

  /**
   * The values of one name with the sealed text among them, in the place of what the page has in the field.
   * @param {FormDataEntryValue[]} values
   * @param {HTMLElement} element
   * @param {any} sealed
   * @param {string | null} altered
   */
  function withSealed(values, element, sealed, altered) {
    const isAgreed = (/** @type {FormDataEntryValue} */ value) =>
      typeof value === "string" && (shared.readArmor(value) === sealed.armored || shared.isLeft(value, sealed));
    if (values.some(isAgreed)) return { values, altered };
    const place = Math.max(0, values.indexOf(shared.textOf(element)));
    return { values: values.with(place, sealed.armored), altered: altered ?? String(values[place]) };
  }

  /** @param {FormData} formData @param {string} name @param {FormDataEntryValue[]} values */
  function putBack(formData, name, [first, ...others]) {
    formData.set(name, /** @type {string} */ (first));
    for (const value of others) formData.append(name, /** @type {string} */ (value));
  }

  Object.assign(shared, { passFormData, settleFormData });
})();
