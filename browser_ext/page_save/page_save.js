/**
 * The window in which the person saves a tab's page: signed, encrypted or both. It shows the address, the exact
 * content, the signer and the readers, and asks for a passphrase if needed. No web page can cover this window or read
 * the typed text.
 */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { disturb, isHasty } from "../../wasm_build/ui/calm.js";
import { html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { recipientState } from "../../wasm_build/ui/recipient_words.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { readinessMark } from "../../wasm_build/ui/state_mark.js";
import { describeCertificate } from "../shared/certificate_card.js";
import { day, errorText, translate } from "../texts/texts.js";
import { closeWindow, startPage } from "../shared/page_start.js";
import { createIdentityChoice } from "../shared/identity_choice.js";
import { openPageView } from "../shared/page_reading.js";
import { digestOf } from "../shared/question.js";
import { ReaderAdder } from "../shared/reader_adder.js";
import { createReaderBox, replaceCard } from "../shared/reader_box.js";
import { hasUnseen, visibleText } from "../shared/visible_text.js";
import { ask, askWithSecrets, startHeartbeat } from "../shared/request.js";
import { askWriterOnly } from "../../wasm_build/ui/writer_only.js";
import { focusReaders } from "../shared/reader_focus.js";

/** @typedef {CertificateInfo & {keyFile: string, fileName: string, locked: boolean}} OwnIdentity */
/** The limit, in characters, of the list of texts with invisible characters. A page may have such a text in every word. */
const MAX_UNSEEN_SHOWN = 20_000;

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const problem = html("p", { class: "problem", role: "alert", data: { test: "problem" } });
const done = html("p", { role: "status", data: { test: "done" } });
const answer = html("footer", { class: "answer" });
const readers = html("section");
/** The fingerprints of the ticked people. @type {Set<string>} */
const chosen = new Set();
startPage();
let page = "";
let title = "";
/** The hash of this window's question, which the answer repeats (`shared/question.js`). @type {Promise<string>} */
let questionHash;
/** @type {OwnIdentity[]} */
let identities = [];
/** @type {import("../shared/reader_box.js").Reader[]} */
let people = [];
let identity = "";
let isSigned = true;
let isEncrypted = false;
/** Whether the person agreed that nobody else can read the saved page. */
let isForWriterOnly = false;
/** @type {ReaderAdder} */
let adder;
/** @type {SecretField | null} */
let passphrase = null;

addEventListener("keydown", ({ key }) => void (key === "Escape" && !document.querySelector("dialog") && void closeWindow()));
startHeartbeat();
setTitle(translate, "page_save_title");
try {
  await start();
} catch (error) {
  main.replaceChildren(problem);
  problem.textContent = errorText(error);
}

async function start() {
  main.replaceChildren(html("p", { role: "status", text: translate("page_copying") }));
  const copied = await ask("page.copy", { tab: Number(new URLSearchParams(location.search).get("tab")) });
  ({ page, title, identities, people } = copied);
  identity = identities[0]?.fingerprint ?? "";
  questionHash = digestOf(copied.question);
  adder = new ReaderAdder({ directory: copied.directory, describe: (reader) => recipientState(translate, reader, day).word, onAdded: takeAdded });
  const place = html("div", { class: "view-place" });
  const unseen = html("div", { class: "stack" });
  main.replaceChildren(
    html("header", { class: "question" }, html("h1", { text: translate("page_save_title") }),
      html("p", { class: "origin" }, html("span", { class: "muted", text: translate("from") }), html("br"),
        html("span", { text: copied.address, dir: "ltr", data: { test: "address" } }))),
    html("section", {}, html("h2", { text: translate("page_what_is_saved") }), html("p", { class: "muted", text: translate("page_copy_hint") }), place, unseen),
    choices(), readers, identityField(), answer,
  );
  const { view, replyKey } = await openPageView(place);
  const { envelope } = await ask("page.preview", { page, replyKey });
  const { texts } = await view.showPage({ envelope, withTexts: true });
  unseen.replaceChildren(...unseenIn(texts));
  drawReaders();
  drawAnswer();
}

/**
 * Shows the texts of the page that have invisible characters, because the preview does not show these characters.
 * @param {string[]} texts
 */
function unseenIn(texts) {
  const unseenText = texts.filter(hasUnseen).map((text) => text.trim()).join("\n");
  if (!unseenText) return [];
  const lines = visibleText(unseenText.slice(0, MAX_UNSEEN_SHOWN));
  return [html("p", { class: "warning", text: translate("page_unseen") }),
    html("pre", { class: "covered-text", tabindex: 0, dir: "auto", data: { test: "unseen" } }, ...lines),
    ...(unseenText.length > MAX_UNSEEN_SHOWN ? [html("p", { class: "warning", text: translate("page_unseen_more") })] : [])];
}

function choices() {
  return html("fieldset", { class: "choices" }, html("legend", { text: translate("page_how") }),
    checkBox("page_sign", isSigned, "sign", (on) => { isSigned = on; }),
    checkBox("page_encrypt", isEncrypted, "encrypt", (on) => { isEncrypted = on; }));
}

/** @param {string} label @param {boolean} checked @param {string} test @param {(on: boolean) => void} change */
function checkBox(label, checked, test, change) {
  const box = html("input", { type: "checkbox", checked, data: { test } });
  box.addEventListener("change", () => {
    change(box.checked);
    drawReaders();
    drawAnswer();
  });
  return html("label", { class: "check" }, box, html("span", { text: translate(label) }));
}

function drawReaders() {
  readers.hidden = !isEncrypted;
  readers.replaceChildren(html("h2", { text: translate("who_may_read") }),
    html("ul", { class: "list", data: { test: "readers" } },
      html("li", { class: "card" }, html("div", { class: "who" }, html("div", { class: "name", text: translate("you_always") }))),
      ...people.map(readerCard)), adder.element);
}

/** Ticks a reader that the person has added. @param {import("../../wasm_build/ui/recipient_words.js").RecipientCheck} added */
async function takeAdded(added) {
  people = [...people.filter(({ fingerprint }) => fingerprint !== added.fingerprint), { ...added, isUnasked: false }];
  chosen.add(added.fingerprint);
  drawReaders();
}

/** @param {import("../shared/reader_box.js").Reader} info @param {number} index @returns {HTMLElement} */
function readerCard(info, index) {
  const id = `reader-${index}`;
  /** @type {HTMLElement} */
  const box = createReaderBox(info, {
    id, chosen, onChecked: () => replaceCard(box, readerCard(info, index)),
    onFailed: (error) => { problem.textContent = errorText(error); },
  });
  const { kind, word } = recipientState(translate, info, day);
  const state = html("div", { class: "reader-state" }, readinessMark(kind, ""), html("span", { text: word }));
  return html("li", { class: "card" }, box, describeCertificate(info, { id, notes: [state] }));
}

function identityField() {
  if (!identities.length) return html("p", { class: "warning", text: translate("no_keys_yet"), data: { test: "no-keys" } });
  return createIdentityChoice(identities, { label: translate("sign_as"), chosen: identity, onChange: (fingerprint) => {
    identity = fingerprint;
    drawAnswer();
  } });
}

function drawAnswer() {
  const locked = lockedIdentity();
  passphrase = locked && new SecretField({
    translate, label: translate("passphrase_for", { file: locked.fileName }), hint: translate("passphrase_hint"), onSubmit: () => void save(button),
  });
  const button = html("button", { type: "button", class: "primary", text: translate("save"), data: { agrees: "", test: "save" } });
  const cancel = html("button", { type: "button", text: translate("cancel"), data: { test: "cancel" }, on: { click: () => void closeWindow() } });
  button.disabled = !identities.length || !(isSigned || isEncrypted);
  button.addEventListener("click", () => void save(button));
  answer.replaceChildren(...(passphrase ? [passphrase.element] : []), problem, done, html("div", { class: "buttons" }, button, cancel));
  disturb();
}

function lockedIdentity() {
  return (isSigned && identities.find(({ fingerprint, locked }) => fingerprint === identity && locked)) || null;
}

/** @param {HTMLButtonElement} button */
async function save(button) {
  if (button.disabled || isHasty(button)) return;
  problem.textContent = "";
  done.textContent = "";
  if (isEncrypted && !chosen.size && !isForWriterOnly) return askWriterOnly(translate, { onAdd: () => focusReaders(readers, adder), onGo: () => {
    isForWriterOnly = true;
    void save(button);
  } });
  button.disabled = true;
  try {
    await unlock();
    const { cms } = await ask("page.encrypt", { page, sign: isSigned, encrypt: isEncrypted, identity, recipients: [...chosen], shown: await questionHash });
    download(cms);
    done.textContent = translate("page_saved");
  } catch (error) {
    problem.textContent = errorText(error);
  }
  button.disabled = false;
}

async function unlock() {
  const locked = lockedIdentity();
  if (!locked || !passphrase) return;
  ({ identities } = await askWithSecrets("page.unlock", { keyFile: locked.keyFile }, { passphrase: passphrase.take() }));
  drawAnswer();
}

/**
 * Saves the file under a name from the page's title, without characters that file systems forbid.
 * @param {ArrayBuffer} cms
 */
function download(cms) {
  const name = title.replaceAll(/[^\p{L}\p{N} ._-]/gu, " ").replaceAll(/\s+/gu, " ").trim().slice(0, 80) || "page";
  saveFile(`${name}.p7m`, cms);
}
