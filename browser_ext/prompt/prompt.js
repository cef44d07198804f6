/**
 * The window that asks the person about one job, such as encrypting a text for a page. It shows the site, the exact
 * text, the readers and the signer, and asks for a passphrase if needed. No web page can cover this window or read what
 * the person types.
 */
import { disturb, isHasty } from "../../wasm_build/ui/calm.js";
import { html } from "../../wasm_build/ui/dom.js";
import { addressKey, isolate } from "../../wasm_build/ui/formats.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { recipientState } from "../../wasm_build/ui/recipient_words.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { recipientSentence } from "../../wasm_build/ui/verdict_words.js";
import { generateKeys, openWith } from "../shared/channel.js";
import { FilesQuestion } from "../shared/files_question.js";
import { formSections } from "../shared/form_question.js";
import { aroundNotes } from "../shared/around_notes.js";
import { describeCertificate } from "../shared/certificate_card.js";
import { day, errorText, translate } from "../texts/texts.js";
import { startPage } from "../shared/page_start.js";
import { createIdentityChoice } from "../shared/identity_choice.js";
import { showPattern } from "../shared/pattern.js";
import { digestOf } from "../shared/question.js";
import { ReaderAdder } from "../shared/reader_adder.js";
import { createReaderBox, replaceCard } from "../shared/reader_box.js";
import { codeOf } from "../shared/messages.js";
import { visibleText } from "../shared/visible_text.js";
import { askWriterOnly } from "../../wasm_build/ui/writer_only.js";
import { focusReaders } from "../shared/reader_focus.js";
import { ask, askWithSecrets, startHeartbeat } from "../shared/request.js";

/** @typedef {import("../shared/reader_box.js").Reader} Reader */
/**
 * @typedef {Omit<ReplyTo<"prompt.claim">, "question"> & {
 *   kind: "write" | "open" | "form" | "files" | "altered" | "unsigned", origin: string, around: string[], sign: boolean, encrypt: boolean,
 *   proposed: string[], siteKnown: boolean, form: import("../background/pages/forms.js").SubmittedForm, multiple: boolean, notice: Notice,
 * }} Job
 */

const job = new URLSearchParams(location.search).get("job") ?? "";
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const problem = html("p", { class: "problem", role: "alert", data: { test: "problem" } });
/** The fingerprints of the chosen readers. They stay when the window is drawn again. @type {Set<string>} */
const chosen = new Set();
/** The fingerprints of all people listed so far. They are ticked automatically only once. @type {Set<string>} */
const offered = new Set();
/** @type {Job} */
let current;
/** The latest question from the background. @type {object} */
let question;
/** The hash of the question that was drawn. @type {Promise<string>} */
let shown;
let shownText = "";
let identity = "";
/** Whether the person agreed that nobody else can read the result. */
let isForWriterOnly = false;
/** @type {SecretField | null} */
let passphrase = null;
/** The choice of files. It stays when the window is drawn again. @type {FilesQuestion | null} */
let files = null;
/** The field that adds a reader. It stays with its typed address when the window is drawn again. @type {ReaderAdder} */
let adder;
const progress = html("p", { class: "muted", role: "status" });

/** After an error with one of these codes, the window loads its content again. */
const OUTDATED = ["question-changed", "no-such-person", "certificate-not-usable", "no-such-key", "locked"];

/**
 * The words and sections of each kind of question.
 * @type {Record<Job["kind"], {title: () => string, verb: () => string, refuse: string, sections: () => HTMLElement[]}>}
 */
const QUESTIONS = {
  write: { title: titleOfWriting, verb: verbOfWriting, refuse: "cancel", sections: writingSections },
  open: { title: () => "prompt_title_open", verb: () => translate("decrypt_text"), refuse: "verb_do_not_open", sections: openingSections },
  form: { title: () => "form_title", verb: () => translate("verb_sign_form"), refuse: "verb_do_not_sign_form", sections: () => formSections(current.form) },
  files: { title: () => "file_title", verb: verbOfWriting, refuse: "cancel", sections: filesSections },
  altered: { title: () => "altered_title", verb: () => translate("verb_restore"), refuse: "close", sections: alteredSections },
  unsigned: { title: () => "unsigned_title", verb: () => translate("close"), refuse: "close", sections: unsignedSections },
};
/** The kinds of questions that only tell the person something about a page. They use no key. */
const NOTICES = ["altered", "unsigned"];

void start();

async function start() {
  startPage();
  addEventListener("keydown", ({ key }) => void (key === "Escape" && !document.querySelector("dialog") && refuse()));
  startHeartbeat();
  try {
    showPattern(await ask("pattern.read"));
    await load();
    adder = new ReaderAdder({ directory: current.directory, describe: (check) => recipientState(translate, check, day).word, onAdded: takeAdded });
    draw();
    // The person may have added somebody on the page "Keys and people".
    addEventListener("focus", () => void refresh());
  } catch (error) {
    main.replaceChildren(problem);
    problem.textContent = errorText(error);
  }
}

async function load() {
  const keys = await generateKeys();
  const { question: jobQuestion, ...choices } = await ask("prompt.claim", { job, replyKey: keys.publicKey });
  question = jobQuestion;
  current = /** @type {Job} */ ({ ...jobQuestion, ...choices });
  if (current.text) shownText = new TextDecoder().decode(await openWith(keys, "text to show", current.text));
  const known = current.identities.map(({ fingerprint }) => fingerprint);
  if (!known.includes(identity)) identity = known[0] ?? "";
  const people = new Set(current.people?.map(({ fingerprint }) => fingerprint));
  for (const gone of [...chosen].filter((fingerprint) => !people.has(fingerprint))) chosen.delete(gone);
  for (const info of current.people ?? []) {
    const { fingerprint, usable } = info;
    if (offered.has(fingerprint)) continue;
    offered.add(fingerprint);
    // A page only proposes readers. A proposed reader is ticked only if the person has chosen them on this site before.
    if (usable && current.readersHere.includes(fingerprint) && isProposed(info)) chosen.add(fingerprint);
  }
}

/** Whether the page named this person. @param {Reader} info */
function isProposed({ addresses }) {
  const proposedAddresses = new Set((current.proposed ?? []).map(addressKey));
  return addresses.some((address) => proposedAddresses.has(addressKey(address)));
}

async function refresh() {
  const before = drawnState();
  await load();
  // Drawing the window again would discard typed text, so it is drawn only after a change.
  if (before !== drawnState()) draw();
}

function drawnState() {
  const { people = [], identities } = current;
  return JSON.stringify([
    question,
    people.map(({ fingerprint, usable }) => [fingerprint, usable]),
    identities.map(({ fingerprint, locked }) => [fingerprint, locked]),
  ]);
}

function draw() {
  shown = digestOf(question);
  // An open dialog is closed, because its question is about the earlier content.
  document.querySelector("dialog")?.close();
  const kind = QUESTIONS[current.kind];
  setTitle(translate, kind.title());
  const agree = html("button", { type: "button", class: "primary", text: kind.verb(), data: { agrees: "", test: "agree" } });
  agree.addEventListener("click", () => void submit(agree));
  const cancel = html("button", {
    type: "button", text: translate(kind.refuse), data: { test: "refuse" }, on: { click: refuse },
  });
  main.replaceChildren(
    html("header", { class: "question" }, html("h1", { text: translate(kind.title()) }),
      html("p", { class: "origin" }, html("span", { class: "muted", text: translate("for_site") }), html("br"),
        html("span", { text: current.origin || translate("viewer_origin"), dir: "ltr", data: { test: "origin" } })),
      ...aroundNotes(current.around)),
    ...kind.sections(),
    ...(NOTICES.includes(current.kind) ? [] : [current.identities.length ? identityField() : noKeysSection()]),
    html("footer", { class: "answer" }, passphraseField(agree), progress, problem,
      html("div", { class: "buttons" }, (current.identities.length > 0 || current.kind === "altered") && agree, leaveButton(), cancel)),
  );
  passphrase?.focus();
  // The focus on the passphrase scrolls down, but people should read the text from its beginning.
  scrollTo(0, 0);
  disturb();
}

/** The button that lets the page send its own text, if the window shows all of it. */
function leaveButton() {
  if (current.kind !== "altered" || current.notice.isCut) return null;
  const button = html("button", { type: "button", text: translate("verb_leave"), data: { agrees: "", test: "leave" } });
  button.addEventListener("click", () => void answer(button, async () => ask("prompt.leave", { job, shown: await shown })));
  return button;
}

function refuse() {
  void ask("prompt.refuse", { job }).catch(showProblem);
}

function openingSections() {
  return [html("p", { text: translate(current.siteKnown ? "opening_again" : "opening_first") })];
}

function titleOfWriting() {
  const { sign, encrypt } = current;
  return sign && encrypt ? "prompt_title_sign_encrypt" : sign ? "prompt_title_sign" : "prompt_title_encrypt";
}

function verbOfWriting() {
  const { sign, encrypt } = current;
  return translate(sign && encrypt ? "verb_sign_encrypt" : sign ? "verb_sign" : "verb_encrypt");
}

function writingSections() {
  const covered = html("section", {}, html("h2", { text: translate(current.sign ? "covered_by_signature" : "covered_by_encryption") }),
    html("pre", { class: "covered-text", tabindex: 0, dir: "auto", data: { test: "covered" } }, ...visibleText(shownText)));
  return current.encrypt ? [covered, readersSection()] : [covered, html("p", { class: "warning", text: translate("not_encrypted") })];
}

function filesSections() {
  files ??= new FilesQuestion(current);
  return [files.element, current.encrypt ? readersSection() : html("p", { class: "warning", text: translate("not_encrypted") })];
}

function alteredSections() {
  const { text: now, isSent, isCut = false } = current.notice;
  return [html("section", {}, html("p", { class: "warning", text: translate(isSent ? "altered_sent" : "altered_stopped") }),
    html("h2", { text: translate("altered_now") }),
    html("pre", { class: "covered-text", tabindex: 0, dir: "auto", data: { test: "altered" } }, ...visibleText(now)),
    isCut && html("p", { class: "warning", text: translate("altered_cut"), data: { test: "altered-cut" } }))];
}

function unsignedSections() {
  return [html("section", {}, html("p", { class: "warning", text: translate("unsigned_hint") }), html("h2", { text: translate("form_sent_to") }),
    html("pre", { class: "covered-text", tabindex: 0, dir: "ltr", data: { test: "unsigned" } }, ...visibleText(current.notice.text)))];
}

function readersSection() {
  const known = new Set(current.people.flatMap(({ addresses }) => addresses.map(addressKey)));
  const missing = current.proposed.filter((address) => !known.has(addressKey(address)));
  return html("section", {},
    html("h2", { text: translate("who_may_read") }),
    current.kind === "write" && html("p", { text: translate("field_readers", { site: isolate(current.origin) }), data: { test: "field-readers" } }),
    html("ul", { class: "list", data: { test: "readers" } },
      html("li", { class: "card" }, html("div", { class: "who" }, html("div", { class: "name", text: translate("you_always") }))),
      ...current.people.map(readerCard),
      ...missing.map(missingCard)),
    adder.element);
}

/** Ticks a reader that the person has added. @param {{fingerprint: string}} added */
async function takeAdded({ fingerprint }) {
  await load();
  chosen.add(fingerprint);
  draw();
}

/** @param {string} address */
function missingCard(address) {
  return html("li", { class: "card" }, html("div", { class: "who" },
    html("div", { class: "name", text: address, dir: "ltr" }),
    html("div", { class: "warning", text: translate("no_certificate_for") }),
    html("button", {
      type: "button", class: "quiet", text: translate("add_reader_find"), "aria-label": translate("add_reader_find_of", { address }),
      data: { test: "find-certificate" }, on: { click: () => adder.find(address) },
    })));
}

/** @param {Reader} info @param {number} index @returns {HTMLElement} */
function readerCard(info, index) {
  const id = `reader-${index}`;
  /** @type {HTMLElement} */
  const box = createReaderBox(info, {
    id, chosen, onChecked: () => replaceCard(box, readerCard(info, index)), onFailed: showProblem,
  });
  const { kind, word, said: mainCode } = recipientState(translate, info, day);
  const remarks = [...info.reasons, ...info.warnings].filter(({ code }) => code !== mainCode && code !== "revocation-not-checked");
  const state = html("div", { class: "reader-state", data: { test: "reader-state", readiness: kind } },
    readinessMark(kind, ""), html("span", { text: word }));
  const isNew = !current.readersHere.includes(info.fingerprint);
  const novelty = isNew && html("div", { class: "muted", text: translate("reader_new_here"), data: { test: "new-here" } });
  const proposal = isProposed(info) && html("div", { class: "muted", text: translate("reader_proposed"), data: { test: "proposed" } });
  const notes = [state, ...[proposal, novelty].filter((note) => note !== false), ...remarks.map((remark) => html("div", { class: "warning", text: recipientSentence(translate, remark) }))];
  return html("li", { class: "card" }, box, describeCertificate(info, { id, notes }));
}

function noKeysSection() {
  return html("section", {}, html("p", { class: "warning", text: translate("no_keys_yet"), data: { test: "no-keys" } }),
    html("button", {
      type: "button", class: "primary", text: translate("verb_add_keys"), on: { click: () => void ask("options.open", { section: "identities" }) },
    }));
}

/** The passphrase of the chosen identity, if it is locked. @param {HTMLButtonElement} agree */
function passphraseField(agree) {
  const locked = lockedIdentity();
  passphrase = locked && new SecretField({
    translate, label: translate("passphrase_for", { file: locked.fileName }), hint: translate("passphrase_hint"),
    onSubmit: () => void submit(agree),
  });
  return passphrase && passphrase.element;
}

function identityField() {
  const label = translate(current.kind === "open" ? "open_as" : current.sign ? "sign_as" : "encrypt_as");
  return createIdentityChoice(current.identities, { label, chosen: identity, onChange: (fingerprint) => {
    identity = fingerprint;
    draw();
  } });
}

/** The chosen identity, if its key is needed and locked. */
function lockedIdentity() {
  if (current.kind !== "open" && !current.sign) return null;
  return current.identities.find(({ fingerprint, locked }) => fingerprint === identity && locked) ?? null;
}

/** @param {HTMLButtonElement} agree */
function submit(agree) {
  return answer(agree, async () => {
    files?.check();
    if (asksForReaders() && !chosen.size && !isForWriterOnly) return askWriterOnly(translate, { onAdd: () => focusReaders(main, adder), onGo: () => {
      isForWriterOnly = true;
      void submit(agree);
    } });
    await unlock();
    await files?.upload(job, (share) => { progress.textContent = translate("file_progress", { percent: Math.round(share * 100) }); });
    await ask("prompt.agree", { job, identity, recipients: [...chosen], shown: await shown });
  });
}

/** @param {HTMLButtonElement} button @param {() => Promise<unknown>} act */
async function answer(button, act) {
  if (button.disabled || isHasty(button)) return;
  button.disabled = true;
  problem.textContent = "";
  try {
    await act();
  } catch (error) {
    if (OUTDATED.includes(codeOf(error))) await refresh().catch(() => {});
    showProblem(error);
  }
  button.disabled = false;
}

/** Whether the window asks for readers. It does so only for a text or for files to encrypt. */
function asksForReaders() {
  return current.encrypt && ["write", "files"].includes(current.kind);
}

async function unlock() {
  const locked = lockedIdentity();
  if (!locked || !passphrase) return;
  await askWithSecrets("prompt.unlock", { job, keyFile: locked.keyFile }, { passphrase: passphrase.take() });
  locked.locked = false;
  draw();
}

/** @param {unknown} error */
function showProblem(error) {
  progress.textContent = "";
  if (codeOf(error) === "wrong-passphrase" && passphrase) passphrase.setError(errorText(error));
  else problem.textContent = errorText(error);
}
