/** The part of the account view about new mail: notifications, which the person turns on here and nowhere else. */

import { html, problem, switchField } from "../../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../new_mail_notices.js").NewMailNotices} NewMailNotices */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Announce} Announce */
/**
 * @typedef {{
 *   translate: Catalogue, notices: NewMailNotices, hasEvents: boolean, sentenceFor: SentenceFor,
 *   announceHere: Announce,
 * }} NewMailServices
 */

/** @param {NewMailServices} services */
export function createNewMailForm(services) {
  const { translate, notices } = services;
  const failure = problem("new-mail-error");
  const reason = html("p", { class: "note", data: { test: "notices-reason" } });
  const meaning = html("p", { class: "note", text: translate("notices_meaning") });
  const shown = switchField(translate("notices_switch"), "notices-switch", (isOn) =>
    choose(shown.input, () => (isOn ? notices.turnOn() : notices.turnOff())));
  const push = switchField(translate("push_switch"), "push-switch", (isOn) =>
    choose(push.input, () => notices.choosePush(isOn)));
  const pushPart = html(
    "div", { class: "stack", data: { test: "push-part" } }, push.element, html("p", { class: "note", text: translate("push_meaning") }),
  );

  const draw = () => {
    const state = services.hasEvents ? notices.state : "unreported";
    const isUsable = state === "on" || state === "off";
    reason.textContent = isUsable ? "" : translate(`notices_${state}`);
    reason.hidden = isUsable;
    shown.element.hidden = meaning.hidden = !isUsable;
    shown.input.checked = state === "on";
    pushPart.hidden = state !== "on" || !notices.offersPush;
    push.input.checked = notices.push.isOn;
  };

  /** @param {HTMLInputElement} input @param {() => Promise<void>} act */
  const choose = async (input, act) => {
    failure.textContent = "";
    input.disabled = true;
    await act().catch((error) => { failure.textContent = services.sentenceFor(error); });
    input.disabled = false;
    draw();
    if (!reason.hidden) services.announceHere(reason.textContent ?? "");
    // A control that was disabled has lost the focus.
    if (input.checkVisibility()) input.focus();
  };

  draw();
  notices.addEventListener("change", draw);
  return {
    element: html(
      "section",
      { class: "stack", "aria-labelledby": "new-mail-title", data: { test: "new-mail-section" } },
      html("h2", { id: "new-mail-title", text: translate("new_mail_title") }),
      html("p", { class: "lede", text: translate("new_mail_meaning") }),
      reason, shown.element, meaning, pushPart, failure,
    ),
    close: () => notices.removeEventListener("change", draw),
  };
}
