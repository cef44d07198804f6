/** The dialog in which a person writes the vacation reply. */

import { createForm, html, inputField, openDialog, problem, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { isAddress } from "../../../../wasm_build/ui/formats.js";
import { MAX_DAYS, MAX_TEXT_CHARACTERS, MAX_VACATION_CHARACTERS } from "../filter_requests.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../filter_requests.js").Vacation} Vacation */

/** @returns {Vacation} a reply without a text */
export function newVacation() {
  return { on: true, subject: "", text: "", days: 7, first: null, last: null, addresses: [] };
}

/**
 * @param {{translate: Catalogue, attempt: Attempt}} services
 * @param {{vacation: Vacation, hasDates: boolean, save: (vacation: Vacation) => Promise<void>}} options `save` rejects if the
 *   reply was not saved; the dialog then stays open
 */
export function openVacationDialog(services, { vacation, hasDates, save }) {
  const { translate } = services;
  const titleId = uniqueId("vacation");
  const failure = problem("vacation-error");
  const fields = createFields(translate, vacation);
  const saveButton = html("button", { class: "primary", type: "submit", text: translate("save"), data: { test: "vacation-save" } });
  const submit = () => {
    const written = fields.read();
    const wrong = faultOf(written);
    if (wrong) return void (failure.textContent = translate(wrong));
    return services.attempt(saveButton, translate("copies_saving"), failure, async () => {
      await save(written);
      dialog.close();
    });
  };
  const dialog = openDialog(
    { titleId, test: "vacation-dialog" },
    html("h2", { id: titleId, text: translate("vacation_title") }),
    html("p", { text: translate("vacation_meaning") }),
    createForm(
      { class: "stack" }, submit, fields.subject.element, fields.textElement, ...(hasDates ? [fields.first.element, fields.last.element] : []),
      fields.days.element, fields.addresses.element, failure,
      html(
        "div", { class: "actions" }, saveButton,
        html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } }),
      ),
    ),
  );
  fields.subject.input.focus();
}

/** @param {Catalogue} translate @param {Vacation} vacation */
function createFields(translate, vacation) {
  const textId = uniqueId("vacation-text");
  const text = html("textarea", { id: textId, rows: 6, dir: "auto", maxlength: MAX_VACATION_CHARACTERS, data: { test: "vacation-text" } });
  text.value = vacation.text;
  const subject = inputField(translate("subject"), {
    type: "text", dir: "auto", maxlength: MAX_TEXT_CHARACTERS, value: vacation.subject, data: { test: "vacation-subject" },
  });
  const first = inputField(translate("vacation_first"), { type: "date", value: vacation.first ?? "", data: { test: "vacation-first" } });
  const last = inputField(translate("vacation_last"), { type: "date", value: vacation.last ?? "", data: { test: "vacation-last" } });
  const days = inputField(translate("vacation_days"), {
    type: "number", min: 1, max: MAX_DAYS, value: vacation.days, data: { test: "vacation-days" },
  });
  const addresses = inputField(translate("vacation_addresses"), {
    type: "text", dir: "ltr", autocapitalize: "off", value: vacation.addresses.join(", "), data: { test: "vacation-addresses" },
  }, { hint: translate("vacation_addresses_hint") });
  return {
    subject, first, last, days, addresses,
    textElement: html("div", { class: "field" }, html("label", { for: textId, text: translate("vacation_text") }), text),
    /** @returns {Vacation} */
    read: () => ({
      on: true, subject: subject.input.value.trim(), text: text.value, days: Number(days.input.value),
      first: first.input.value || null, last: last.input.value || null,
      addresses: addresses.input.value.split(/[\s,;]+/u).filter(Boolean),
    }),
  };
}

/** The key of the sentence about what is wrong, or "". @param {Vacation} vacation */
function faultOf({ text, days, first, last, addresses }) {
  if (!text.trim()) return "vacation_text_missing";
  if (first && last && first > last) return "vacation_dates_wrong";
  if (!Number.isSafeInteger(days) || days < 1 || days > MAX_DAYS) return "vacation_days_wrong";
  return addresses.every(isAddress) ? "" : "vacation_addresses_wrong";
}
