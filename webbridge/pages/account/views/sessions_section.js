/** The devices and programs on which the account is signed in at the bridge, each with a button that signs it out. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { isolate, longDate } from "../../../../wasm_build/ui/formats.js";
import { askToSignOut } from "./sign_out_question.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("./sign_out_question.js").SignOutServices} SignOutServices */
/**
 * @typedef {{
 *   translate: Catalogue, announce: Announce, api: BridgeApi, sentenceFor: SentenceFor, attempt: Attempt,
 * } & SignOutServices} SessionServices
 */
/** @typedef {import("../../app/service_answers.js").ListedSession} ListedSession */
/** @typedef {(button: HTMLButtonElement, request: () => Promise<void>, said: string) => Promise<void>} End */

/** @param {SessionServices} services */
export function createSessions(services) {
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

/**
 * @param {SessionServices} services
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
 * @param {SessionServices} services
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
