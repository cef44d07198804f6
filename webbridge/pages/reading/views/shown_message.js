/** An opened message: its state, header fields, text and attachments, and the actions on it. */

import { beginningOf } from "../../../../wasm_build/ui/bounded_text.js";
import { peopleText } from "../../../../wasm_build/ui/answer.js";
import { createChange } from "../../../../wasm_build/ui/changed_certificate.js";
import { html, problem, sentenceNodes } from "../../../../wasm_build/ui/dom.js";
import { dayOnly, headerReader, longDate, technical } from "../../../../wasm_build/ui/formats.js";
import { createHeaderNotes } from "../header_notes.js";
import { isEncrypted, provedSender } from "../report.js";
import { createPartVerdicts, createState } from "../report_details.js";
import { createWhy } from "./why.js";
import { createAnswerActions } from "./answer_actions.js";
import { createPeople } from "../../../../wasm_build/ui/clamped_people.js";
import { createMessageText } from "./message_text.js";
import { createReceiptNotes } from "./receipt_notes.js";
import { createOpenButton, createReceivedFiles } from "./received_files.js";

/** The longest subject, as in the rows of the list. */
const MAX_SUBJECT_CHARACTERS = 1_000;
/** Longer values of other fields are cut. */
const MAX_FIELD_CHARACTERS = 1_000;

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../trust/trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("./received_files.js").FileActionServices} FileActionServices */
/** @typedef {import("./answer_actions.js").AnswerServices} AnswerServices */
/** @typedef {import("./why.js").WhyServices} WhyServices */
/** @typedef {import("./receipt_notes.js").ReceiptServices} ReceiptServices */
/**
 * @typedef {{
 *   translate: Catalogue, trust: TrustKeeper,
 * } & FileActionServices & AnswerServices & WhyServices & ReceiptServices} ShownMessageServices
 */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/**
 * `address` is null for a message inside another message; `flags` are the flags of the message's row.
 * @typedef {{read: () => Promise<ArrayBuffer>, address: import("../../app/routes.js").MessageAddress | null, flags: readonly string[]}} Source
 */

/**
 * @param {ShownMessageServices} services
 * @param {OpenedMessage} opened
 * @param {{onOpen: import("./received_files.js").OnOpen, source: Source}} options
 */
export function createMessage(services, opened, { onOpen, source }) {
  const site = opened.report.fieldOrigin;
  const heading = site ? createFieldHeading(services.translate, site) : createSubject(services.translate, opened);
  const text = createMessageText(services.translate, opened);
  const shownOf = (/** @type {OpenedMessage} */ judged) => createVerdict(services, judged, { source, onOpen, files: opened.attachments });
  let verdict = shownOf(opened);
  const attachments = createReceivedFiles(services, opened.attachments, onOpen);
  // The text of a field was not sent by anybody, so there is nobody to answer.
  const actions = site ? null : createAnswerActions(services, opened, source.read);
  const parts = [
    heading, verdict.state, verdict.headers, ...createHeaderNotes(services.translate, opened.report), ...text.parts, verdict.parts, attachments,
    actions?.element ?? null,
  ];
  /** @param {OpenedMessage} settled */
  const settle = (settled) => {
    const next = shownOf(settled);
    keepOpen(verdict.state, next.state);
    verdict.state.replaceWith(next.state);
    verdict.headers.replaceWith(next.headers);
    verdict.parts.replaceWith(next.parts);
    verdict = next;
    text.judge(settled);
    actions?.settle(settled);
    return next.spoken;
  };
  return { heading, settle, spoken: verdict.spoken, parts: parts.filter((part) => part !== null), close: text.close };
}

/**
 * Makes the button that opens an encrypted part, or the attached mail that contains the part.
 * @param {ShownMessageServices} services
 * @param {OpenedMessage["attachments"]} files
 * @param {import("./received_files.js").OnOpen} onOpen
 */
function createPartOpening(services, files, onOpen) {
  return (/** @type {string} */ path) => {
    const file = files.find((candidate) => candidate.path === path || path.startsWith(`${candidate.path}.`));
    if (!file) return [];
    const failure = problem("part-error");
    const name = services.translate("part_named", { part: path });
    return [createOpenButton(services, file, { name, failure, onOpen, test: "open-part" }), failure];
  };
}

/** @param {Catalogue} translate @param {OpenedMessage} opened */
function createSubject(translate, { headers }) {
  return html("h2", {
    class: "subject", tabindex: -1, dir: "auto", data: { test: "subject" },
    text: beginningOf(headerReader(headers)("subject"), MAX_SUBJECT_CHARACTERS) || translate("no_subject"),
  });
}

/** The heading of the text of a field. Such a text has no header fields. @param {Catalogue} translate @param {string} site */
function createFieldHeading(translate, site) {
  return html(
    "h2", { class: "subject", tabindex: -1, data: { test: "field-text" } },
    ...sentenceNodes(translate("field_text", { site: technical(site) })),
  );
}

/**
 * The parts of the shown message that depend on the verdict.
 * @param {ShownMessageServices} services
 * @param {OpenedMessage} opened
 * @param {{source: Source, onOpen: import("./received_files.js").OnOpen, files: OpenedMessage["attachments"]}} options
 */
function createVerdict(services, opened, { source, onOpen, files }) {
  const { element, spoken } = createState(services.translate, opened.report, {
    from: peopleText(opened.report.people.from), why: createWhy(services, opened),
  });
  const state = html("div", { class: "stack" }, element, ...createReceiptNotes(services, opened, source), ...rememberSender(services, opened));
  const parts = html("div", { class: "stack" }, createPartVerdicts(services.translate, opened, createPartOpening(services, files, onOpen)));
  return { state, spoken, headers: createHeaders(services.translate, opened), parts };
}

/**
 * Keeps the sender's certificate in the contacts. If the person must agree first, returns the notices that ask for it.
 * @param {ShownMessageServices} services
 * @param {OpenedMessage} opened
 */
function rememberSender(services, { harvest }) {
  if (!harvest) return [];
  if (!harvest.asks) {
    services.trust.keepContacts(harvest.contacts, harvest.basis);
    return [];
  }
  return harvest.changes.filter(({ isRenewal }) => !isRenewal).map((change) => {
    const onRemember = () => {
      // If the contacts have changed since the message was judged, the person is asked again.
      if (!services.trust.keepContacts(harvest.contacts, harvest.basis)) return services.trust.judgeAgain();
      element.replaceWith(html("p", { class: "note", role: "status", text: services.translate("changed_remembered", { address: change.address }) }));
    };
    const element = createChange(services.translate, change, { day: dayOnly, onRemember });
    return element;
  });
}

/**
 * Opens the `<details>` in the new element that the person has opened in the old element.
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 */
function keepOpen(before, after) {
  const opened = [...before.querySelectorAll("details")].map(({ open }) => open);
  after.querySelectorAll("details").forEach((details, index) => { details.open = opened[index] ?? false; });
}

/**
 * The list of sender, recipients and date. The verdict above names a proved sender, so only a claimed one is listed, and
 * marked as such.
 * @param {Catalogue} translate
 * @param {Pick<OpenedMessage, "report" | "headers">} opened
 */
export function createHeaders(translate, opened) {
  const { people, fieldOrigin } = opened.report;
  const date = longDate(opened.report.date) || beginningOf(headerReader(opened.headers)("date"), MAX_FIELD_CHARACTERS);
  const counted = {
    more: (/** @type {number} */ count) => translate("people_more", { count }),
    unlisted: (/** @type {number} */ count) => translate("people_not_listed", { count }),
  };
  /** @type {[string, (Node | string)[], string][]} */
  const pairs = [
    [translate("from_claimed"), fieldOrigin || provedSender(opened.report) ? [] : createPeople(people.from, counted), "from"],
    [translate("to"), createPeople(people.to, counted), "to"],
    [translate("cc"), createPeople(people.cc, counted), "cc"],
    [translate("date"), [date], "date"],
  ];
  return html(
    "dl",
    { class: "headers", data: { encrypted: String(isEncrypted(opened.report)) } },
    ...pairs.filter(([, [first]]) => first).flatMap(([term, value, test]) => [
      html("dt", { text: term }), html("dd", { dir: "auto", data: { test: `header-${test}` } }, ...value),
    ]),
  );
}
