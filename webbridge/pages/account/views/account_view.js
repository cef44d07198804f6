/**
 * The view of the account: where it is signed in, the notifications of new mail, the text below sent messages, their
 * copies, and the search.
 */

import { createForm, html, problem, switchField } from "../../../../wasm_build/ui/dom.js";
import { isolate, longDate } from "../../../../wasm_build/ui/formats.js";
import { createCopyField } from "../../writing/copy_choice.js";
import { askToSignOut } from "./sign_out_question.js";
import { createLanguageMenu } from "../../settings/language_menu.js";
import { chooseNoReceipts, givesNoReceipts } from "../../reading/receipt_choice.js";
import { chooseShortcuts, hasShortcuts } from "../../app/shortcuts.js";
import { createIndexSection } from "../../settings/views/index_section.js";
import { createOfflineSection } from "../../settings/views/offline_section.js";
import { createUndoSendChoice } from "../../settings/views/undo_send_choice.js";
import { createNewMailForm } from "../../settings/views/new_mail_form.js";
import { createSignatureForm } from "../../writing/views/signature_form.js";

/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").UseLanguage} UseLanguage */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../settings/views/index_section.js").IndexServices} IndexServices */
/** @typedef {import("../../settings/views/offline_section.js").OfflineServices} OfflineServices */
/** @typedef {import("../../settings/views/new_mail_form.js").NewMailServices} NewMailServices */
/** @typedef {import("../../settings/language_menu.js").LanguageServices} LanguageServices */
/** @typedef {import("../../writing/views/signature_form.js").SignatureServices} SignatureServices */
/** @typedef {import("./sign_out_question.js").SignOutServices} SignOutServices */
/**
 * @typedef {{
 *   translate: Catalogue, mailPath: () => string, useLanguage: UseLanguage, announce: Announce, kept: KeptTrust,
 *   api: BridgeApi, sentenceFor: SentenceFor, attempt: Attempt,
 * } & IndexServices & OfflineServices & NewMailServices & LanguageServices & SignatureServices
 *   & SignOutServices} AccountServices
 */
/** @typedef {import("../../app/service_answers.js").ListedSession} ListedSession */

/**
 * @param {AccountServices} services
 * @returns {View}
 */
export function createAccountView(services) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1, text: translate("account_title") });
  const search = createIndexSection(services);
  const offline = createOfflineSection(services);
  const newMail = createNewMailForm(services);
  const signature = createSignatureForm(services);
  return {
    element: html(
      "div",
      { class: "narrow stack", data: { test: "account-view" } },
      heading, newMail.element, createSessions(services), signature.element, createCopies(services), createUndoSendChoice(services),
      createChoice(services, {
        id: "receipts-title", title: "receipts_title", meaning: "receipts_meaning", label: "receipts_never", test: "receipts-never",
        isOn: givesNoReceipts(), choose: chooseNoReceipts,
      }),
      search.element, offline.element,
      createChoice(services, {
        id: "shortcuts-title", title: "shortcuts_title", meaning: "shortcuts_switch_meaning", label: "shortcuts_title",
        test: "shortcuts-switch", isOn: hasShortcuts(), choose: chooseShortcuts,
      }),
      createLanguageMenu(services, (language) => services.useLanguage(language)),
      html("div", { class: "actions" }, html("a", { class: "button", href: `#${services.mailPath()}`, text: translate("to_the_mail") })),
    ),
    heading,
    titleKey: "account_title",
    close: () => [newMail, signature, search, offline].forEach((section) => section.close()),
  };
}

/** @param {AccountServices} services */
function createSessions(services) {
  const { translate } = services;
  const title = html("h2", { id: "sessions-title", tabindex: -1, text: translate("sessions_title") });
  const failure = problem("sessions-error");
  const body = html("div", { class: "stack", "aria-busy": "true" }, html("p", { class: "note", text: translate("loading") }));
  const again = html("button", {
    type: "button", text: translate("try_again"), hidden: true, on: { click: () => void load() },
  });

  const load = async () => {
    failure.textContent = "";
    again.hidden = true;
    try {
      const { sessions, total } = await services.api.sessions();
      body.replaceChildren(...drawSessions(services, { sessions, total, end }));
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
      again.hidden = false;
    }
    body.setAttribute("aria-busy", "false");
  };

  /** @type {End} */
  const end = (button, request, sentence) => services.attempt(button, translate("ending_session"), failure, async () => {
    await request();
    await load();
    services.announce(sentence);
    // The card is gone, and with it the button that had the focus.
    title.focus();
  });

  void load();
  return html(
    "section",
    { class: "stack", "aria-labelledby": "sessions-title", data: { test: "sessions" } },
    title,
    html("p", { class: "lede", text: translate("sessions_meaning") }),
    failure, body, again,
  );
}

/** The choice for the copies of all messages that the account sends. @param {AccountServices} services */
function createCopies(services) {
  const { translate } = services;
  const field = createCopyField(translate, {
    label: translate("copy_label_all"), hint: translate("copy_hint_all"), test: "copies",
  });
  const failure = problem("copies-error");
  const save = html("button", { class: "primary", type: "submit", text: translate("save"), data: { test: "copies-save" } });
  // Until the choice is known, no new choice can be saved.
  field.select.disabled = save.disabled = true;
  const load = async () => {
    try {
      field.wish = await services.api.sending.copyChoice();
      field.select.disabled = save.disabled = false;
    } catch (error) {
      failure.textContent = services.sentenceFor(error);
    }
  };
  const submit = () => services.attempt(save, translate("copies_saving"), failure, async () => {
    await services.api.sending.chooseCopy(field.wish ?? true);
    services.announce(translate("copies_saved"));
  });
  void load();
  return html(
    "section",
    { class: "stack", "aria-labelledby": "copies-title", data: { test: "copies-section" } },
    html("h2", { id: "copies-title", text: translate("copies_title") }),
    createForm({ class: "stack" }, submit, field.element, failure, html("div", { class: "actions" }, save)),
  );
}

/**
 * A choice that this browser keeps, as a switch.
 * @param {AccountServices} services
 * @param {{
 *   id: string, title: string, meaning: string, label: string, test: string, isOn: boolean,
 *   choose: (isOn: boolean, isOwnComputer: boolean) => void,
 * }} choice with the keys of its words
 */
function createChoice({ translate, kept }, { id, title, meaning, label, test, isOn, choose }) {
  const { element, input } = switchField(translate(label), test, (isChosen) => choose(isChosen, kept.keeping !== "off"));
  input.checked = isOn;
  return html(
    "section",
    { class: "stack", "aria-labelledby": id },
    html("h2", { id, text: translate(title) }), html("p", { class: "lede", text: translate(meaning) }), element,
  );
}

/** @typedef {(button: HTMLButtonElement, request: () => Promise<void>, said: string) => Promise<void>} End */

/**
 * @param {AccountServices} services
 * @param {{sessions: ListedSession[], total: number, end: End}} list
 */
function drawSessions(services, { sessions, total, end }) {
  const { translate } = services;
  const shown = [...sessions.filter((session) => session.this), ...sessions.filter((session) => !session.this)];
  const hidden = total - sessions.length;
  const others = html("button", {
    type: "button", text: translate("end_other_sessions"), data: { test: "end-others" },
    on: { click: () => void end(others, () => services.api.endOtherSessions(), translate("other_sessions_ended")) },
  });
  return [
    html("ul", { class: "cards" }, ...shown.map((session) => createCard(services, session, end))),
    hidden > 0 ? html("p", { class: "note", text: translate("sessions_more", { count: hidden }) }) : null,
    total > 1
      ? html("div", { class: "actions" }, others)
      : html("p", { class: "empty", text: translate("sessions_only_here") }),
  ].filter((part) => part !== null);
}

/**
 * @param {AccountServices} services
 * @param {ListedSession} session
 * @param {End} end
 */
function createCard(services, session, end) {
  const { translate } = services;
  const program = session.program || translate("session_unknown_program");
  const name = session.this ? translate("session_this", { program }) : program;
  const used = longDate(session.used);
  const lines = [
    session.origin ? translate("session_extension", { origin: isolate(session.origin) }) : null,
    session.started ? translate("session_started", { date: longDate(session.started) }) : null,
    session.this ? null : translate("session_used", { date: used }),
  ];
  const button = html("button", {
    type: "button", text: translate("sign_out"), data: { test: "end-session" },
    "aria-label": translate("end_session_named", { program: name, date: used }),
    on: {
      click: () => void (session.this
        ? askToSignOut(services)
        : end(button, () => services.api.endSession(session.id), translate("session_ended_named", { program }))),
    },
  });
  return html(
    "li",
    { class: "card", data: { test: "session", this: String(session.this) } },
    html("h3", { class: "card-title", text: name }),
    ...lines.map((text) => text && html("p", { text })),
    html("div", { class: "actions" }, button),
  );
}
