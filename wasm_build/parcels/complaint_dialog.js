/** The report of an unwanted or deceitful parcel to the server's operator. */

import { createForm, html, openDialog, problem, uniqueId } from "../ui/dom.js";

/** @typedef {import("./parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("./requests.js").Complaint} Complaint */

/** @type {Complaint[]} */
const REASONS = ["unwanted", "deceit", "harmful", "other"];

/** The button that opens the dialog. @param {ParcelHost} page */
export function createComplaint(page) {
  return html("button", {
    class: "quiet", type: "button", text: page.translate("parcel_complain"), data: { test: "complain" }, on: { click: () => openComplaint(page) },
  });
}

/** @param {ParcelHost} page */
function openComplaint(page) {
  const { translate } = page;
  const titleId = uniqueId("complaint");
  const name = uniqueId("reason");
  const failure = problem("complaint-error");
  const choices = REASONS.map((reason, index) => html(
    "label", { class: "check" },
    html("input", { type: "radio", name, value: reason, checked: index === 0 }), translate(`parcel_complaint_${reason}`),
  ));
  const send = html("button", { class: "primary", type: "submit", text: translate("parcel_complaint_send"), data: { test: "send-complaint" } });
  const form = createForm({ class: "stack" }, () => page.attempt(send, translate("sending"), failure, async () => {
    const chosen = /** @type {HTMLInputElement} */ (form.querySelector("input:checked"));
    await page.requests.complain(page.id, /** @type {Complaint} */ (chosen.value));
    form.replaceWith(html("p", { role: "status", text: translate("parcel_complained"), data: { test: "complained" } }), html("div", { class: "actions" }, close()));
  }), html("fieldset", { class: "choices" }, html("legend", { text: translate("parcel_complaint_reason") }), ...choices), failure,
  html("div", { class: "actions" }, close(), send));
  const dialog = openDialog(
    { titleId, isWide: false }, html("h2", { id: titleId, text: translate("parcel_complain") }),
    html("p", { text: translate("parcel_complaint_meaning") }), form,
  );

  function close() {
    return html("button", { type: "button", text: translate("close"), on: { click: () => dialog.close() } });
  }
}
