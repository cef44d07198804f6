/**
 * The form that answers a parcel. The text and files are encrypted here for the sender, and the server passes them on
 * as a mail.
 *
 * The page for parcels loads this form as a separate script. So functions and classes that may exist only once in a document come
 * from `answer_offer.js`. An encrypted answer keeps its key, so that pressing Send again after a lost connection sends no second
 * answer.
 */

import { AttachedFiles } from "../ui/attached_files.js";
import { MessageFiles } from "../ui/message_files.js";
import { html } from "../ui/dom.js";
import { isolate, size } from "../ui/formats.js";
import { overwrite } from "../vault/memory/cleanup.js";
import { ApiError } from "../vault/server/json_requests.js";
import { base64urlFromBytes } from "./base64url.js";

/** @typedef {import("../ui/attachments.js").Attachment} Attachment */
/** @typedef {Pick<typeof import("../ui/dom.js"), "createForm" | "problem" | "uniqueId">} Parts */
/**
 * @typedef {{
 *   page: import("./parcel_host.js").ParcelHost, parts: Parts, terms: import("./requests.js").AnswerTerms,
 *   reference: string, sender: string, subject: string, encrypt: (draft: object) => Promise<ArrayBuffer>,
 *   send: (answer: {key: string, cms: ArrayBuffer}) => Promise<void>, onEnd: () => void,
 * }} Given `subject` is the subject of the parcel's message; `onEnd` is called when the form is no longer wanted
 */
/** @typedef {{element: HTMLElement, focus: () => void, close: () => void}} AnswerForm `close` deletes the answer */
/** @typedef {(given: Given) => AnswerForm} CreateAnswer */

const KEY_BYTES = 24;
/** The share of the encrypted answer that is left for files. Base64, line ends and the text take the rest. */
const FILES_PART = 0.7;
const DOMAIN = /@([a-z0-9.-]+)>?$/iu;
const RE = /^re:/iu;

/** @type {CreateAnswer} */
export function createAnswer({ page, parts, terms, reference, sender, subject, encrypt, send, onEnd }) {
  const { translate } = page;
  const who = isolate(sender);
  const [titleId, textId, hintId] = ["answer", "answer-text", "answer-hint"].map(parts.uniqueId);
  /** The encrypted answer, which may have been sent already; null after a change. @type {{key: string, cms: ArrayBuffer} | null} */
  let encrypted = null;
  const changed = () => {
    encrypted = null;
    failure.textContent = "";
    // Writing does not use the session's key. But each input delays the lock, which would delete the answer.
    page.touch();
  };
  const area = html("textarea", {
    id: textId, rows: 8, class: "letter-text", dir: "auto", autocomplete: "off", spellcheck: "false", translate: "no",
    "aria-describedby": hintId, data: { test: "answer-text" }, on: { input: changed },
  });
  const files = new MessageFiles();
  files.addEventListener("change", changed);
  const attached = new AttachedFiles(translate, files).element;
  const failure = parts.problem("answer-error");
  const button = html("button", { class: "primary", type: "submit", text: translate("send"), data: { test: "send-answer" } });
  const cancel = html("button", { type: "button", text: translate("cancel"), data: { test: "cancel-answer" }, on: { click: () => { close(); onEnd(); } } });

  const close = () => {
    for (const { data } of files.files) overwrite(data);
    if (files.files.length > 0) files.replace([]);
    area.value = "";
    encrypted = null;
  };

  const checkWritten = async () => {
    if (!(await files.read())) throw new ApiError("answer-unread", "a file could not be read");
    if (!area.value.trim() && files.files.length === 0) throw new ApiError("answer-empty", "nothing is written");
    if (files.bytes > largestFiles(terms.bytes)) throw new ApiError("answer-too-large", `${files.bytes} bytes of files`);
  };

  const pass = async () => {
    await checkWritten();
    const passed = encrypted ?? {
      key: base64urlFromBytes(crypto.getRandomValues(new Uint8Array(KEY_BYTES)).buffer),
      cms: await encrypt(writeDraft({
        translate, from: terms.from, to: sender, subject, reference, text: area.value, files: files.files, at: new Date(),
      })),
    };
    if (passed.cms.byteLength > terms.bytes) throw new ApiError("answer-too-large", `${passed.cms.byteLength} bytes`);
    encrypted = passed;
    await send(passed);
    close();
    const sentence = translate("parcel_answer_sent", { sender: who, reference });
    const done = html("button", { type: "button", text: translate("close"), data: { test: "answer-done" }, on: { click: onEnd } });
    const note = html("p", { role: "status", tabindex: -1, text: sentence, data: { test: "answer-sent" } });
    element.replaceChildren(title, note, html("div", { class: "actions" }, done));
    note.focus();
  };

  /** Keeps the answer unchanged while it is sent. @param {() => Promise<void>} action */
  const whileUnchanged = async (action) => {
    area.readOnly = attached.inert = true;
    try {
      await action();
    } finally {
      area.readOnly = attached.inert = false;
    }
  };

  const title = html("h2", { id: titleId, text: translate("parcel_answer_title", { sender: who }) });
  const form = parts.createForm(
    { class: "stack", data: { test: "answer-form" } }, () => page.attempt(button, translate("encrypting"), failure, () => whileUnchanged(pass)),
    html("div", { class: "field" }, html("label", { for: textId, text: translate("parcel_answer_text") }), area),
    attached,
    html("p", { class: "field-hint", text: translate("parcel_answer_most", { size: size(largestFiles(terms.bytes)) }) }),
    html("p", { class: "field-hint", id: hintId, text: translate("parcel_answer_meaning", { sender: who }), data: { test: "answer-meaning" } }),
    failure, html("div", { class: "actions" }, button, cancel),
  );
  const element = html("div", { class: "stack", role: "group", "aria-labelledby": titleId }, title, form);
  return { element, focus: () => area.focus(), close };
}

/** The largest total size of files in an answer with this encrypted size. @param {number} bytes */
function largestFiles(bytes) {
  return Math.floor(bytes * FILES_PART);
}

/**
 * The message in the form that the vault accepts. Its text says that the name of its writer is not proved.
 * @param {{
 *   translate: import("../ui/catalogue.js").Catalogue, from: string, to: string, subject: string, reference: string,
 *   text: string, files: Attachment[], at: Date,
 * }} answer `from` is the service, because nobody knows the writer. The mail around the message has the same From
 */
function writeDraft({ translate, from, to, subject, reference, text, files, at }) {
  const notice = translate("parcel_answer_said", { reference });
  const answered = RE.test(subject) ? subject : `Re: ${subject}`;
  return {
    from, to: [to], cc: [], references: [], hidden: [], date: at.toISOString(),
    // The mail that the service puts around this message has another Message-ID.
    messageId: `<${crypto.randomUUID()}@${DOMAIN.exec(from)?.[1] ?? "localhost"}>`,
    subject: subject ? answered : translate("parcel_answer_subject", { reference }),
    text: new TextEncoder().encode(text.trim() ? `${notice}\n\n${text}` : notice).buffer,
    attachments: files.map(({ name, type, data }) => ({ name, type, data: data.slice(0) })),
  };
}
