/**
 * The sandboxed view of a mail. Only this document has the mail's text, header fields and files. The view has an opaque
 * origin, no extension API and no network; its only link is one MessagePort. It shows each part with markup in a nested
 * frame, which runs no script.
 *
 * This file is bundled as a classic script, because an opaque origin loads no modules.
 */
import { html, sentenceNodes } from "../../wasm_build/ui/dom.js";
import { isAttachedMail } from "../../wasm_build/ui/attached_mail.js";
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { beginningOf } from "../../wasm_build/ui/bounded_text.js";
import { createPeople } from "../../wasm_build/ui/clamped_people.js";
import { createLongList } from "../../wasm_build/ui/long_list.js";
import { countedWords } from "../../wasm_build/ui/markup_frame.js";
import { fullMoment, size, technical } from "../../wasm_build/ui/formats.js";
import { MailText } from "../../wasm_build/ui/mail_text.js";
import { encryptTo } from "../shared/channel.js";
import { unpackParts } from "../shared/packed_parts.js";
import { setLanguage, ViewPort } from "../shared/view_port.js";

/** @typedef {import("../../wasm_build/ui/mail_text.js").Coverage} Coverage */
/** @typedef {{name: string, type: string, path: string, contentId: string, size: number}} MailFile */
/**
 * @typedef {{headers: [string, string][], people: MessageReport["people"], date: string | null, protections: string[], passages: import("../../wasm_build/ui/mail_text.js").Passage[], files: MailFile[], text: string}} Mail
 */
/**
 * @typedef {{from: string, state: string, coverage: Coverage, fieldOrigin: string}} Verdict `fieldOrigin` is the site of a
 *   field's text, "" for a mail
 */

const NOTED_FIELDS = ["to", "cc", "date"];
const MAX_SUBJECT_CHARACTERS = 1_000;
/** This is enough for some hundred people in To and Cc. */
const MAX_FIELD_CHARACTERS = 10_000;
const MAX_NAME_CHARACTERS = 255;
/** Besides mails, the viewer shows signatures of files, and certificates. */
const SHOWN_NAME = /\.(p7s|p7c|p7b)$/iu;
const SHOWN_TYPE = /^application\/(x-)?pkcs7-signature$/u;

/** @type {Record<string, string>} */
let words = {};
/** @type {Mail | null} */
let mail = null;
/** @type {MailText | null} */
let shownText = null;
/** @type {Verdict} */
let verdict = { from: "", state: "plain", coverage: { parts: [], isWholeSigned: false }, fieldOrigin: "" };
let asText = false;
const problem = html("p", { class: "problem", role: "alert" });
const port = new ViewPort({ read, show, judge });
const heights = new ResizeObserver(tellHeight);

/**
 * @param {import("../shared/view_port.js").Wording} wording
 * @returns {Promise<ArrayBuffer>} the key to the mail and its files
 */
function read(wording) {
  words = wording.words;
  setLanguage(wording);
  return port.makeKeys();
}

/** @param {{envelope: Envelope, verdict: Verdict}} body */
async function show({ envelope, verdict: newVerdict }) {
  const bytes = await port.open("opened mail", envelope);
  mail = unpack(bytes);
  new Uint8Array(bytes).fill(0);
  verdict = newVerdict;
  await draw(mail);
}

/** @param {{verdict: Verdict}} body */
function judge({ verdict: newVerdict }) {
  verdict = newVerdict;
  if (mail) document.querySelector("header")?.replaceWith(headerOf(mail));
  shownText?.judge(verdict.coverage);
}

/** Unpacks bytes that `packContent` has made. @param {ArrayBuffer} bytes @returns {Mail} */
function unpack(bytes) {
  /** @type {ReturnType<typeof unpackParts<Omit<Mail, "text" | "passages"> & {passages: {path: string, hasMarkup: boolean}[]}>>} */
  const { facts, parts } = unpackParts(bytes);
  const texts = parts.map((part) => new TextDecoder().decode(part));
  const passages = facts.passages.map(({ path, hasMarkup }, index) =>
    ({ path, text: texts[1 + 2 * index], markup: hasMarkup ? texts[2 + 2 * index] : null }));
  return { ...facts, passages, text: texts[0] };
}

/** @param {Mail} shown */
async function draw(shown) {
  const element = html("main", { class: "passages" });
  const options = { words: /** @type {any} */ (words), coverage: verdict.coverage, readFile: fetchFile };
  const body = new MailText(element, shown, options);
  shownText = body;
  const tools = body.hasMarkup ? [toolsOf(shown)] : [];
  document.body.replaceChildren(headerOf(shown), ...tools, body.notes, element, body.links, ...filesOf(shown), problem);
  await body.draw({ asText });
  heights.disconnect();
  // The height of a part with markup depends on the height of this view, so it says nothing about the mail.
  if (!body.hasMarkup) for (const child of [...document.body.children, ...element.children]) heights.observe(child);
}

/** Reports to the frame around this view how much height the mail needs, without empty room below the text. */
function tellHeight() {
  const passages = /** @type {Element} */ (document.querySelector(".passages"));
  const end = Math.max(...[...passages.children].map((element) => element.getBoundingClientRect().bottom));
  const rest = passages.getBoundingClientRect().bottom - end;
  port.tell({ type: "height", height: Math.ceil(document.body.getBoundingClientRect().height - rest) });
}

/** @param {Mail} shown */
function headerOf({ headers, people, date, protections }) {
  if (verdict.fieldOrigin) return html("header", {}, fieldHeading(verdict.fieldOrigin));
  const field = (/** @type {string} */ name) => headers.find(([fieldName]) => fieldName.toLowerCase() === name)?.[1] ?? "";
  const named = (/** @type {import("../../wasm_build/ui/answer.js").FieldPeople} */ fieldPeople) => createPeople(fieldPeople, {
    more: (count) => countedWords(words.moreRows, count), unlisted: (count) => `… (+${count})`,
  });
  const text = (/** @type {string} */ value) => (value ? [beginningOf(value, MAX_FIELD_CHARACTERS)] : []);
  /** @type {[string, (Node | string)[], string][]} */
  const rows = [
    [verdict.from ? words.from : words.fromClaimed, verdict.from ? text(verdict.from) : named(people.from), "from"],
    [words.to, named(people.to), "to"], [words.cc, named(people.cc), "cc"], [words.date, text(date ? fullMoment(date) : field("date")), "date"],
  ];
  const list = html("dl", { class: "fields" });
  for (const [label, value, name] of rows.filter(([, [first]]) => first)) {
    list.append(html("dt", {}, label), html("dd", { dir: "auto", "data-test": name }, ...value));
  }
  const header = html("header");
  // A signed file that is not a mail has no header fields.
  if (headers.length) header.append(html("h1", { dir: "auto", "data-test": "subject" }, beginningOf(field("subject"), MAX_SUBJECT_CHARACTERS) || words.noSubject));
  header.append(list, ...notesOf(headers, protections));
  return header;
}

/** The heading above the text of a field, because such a text has no header fields. @param {string} site */
function fieldHeading(site) {
  return html("h1", { "data-test": "field-text" }, ...sentenceNodes(words.fieldText.replace("{site}", technical(site))));
}

/**
 * The notes on header fields: which fields were encrypted, and which fields are not protected at all.
 * @param {[string, string][]} headers
 * @param {string[]} protections
 */
function notesOf(headers, protections) {
  if (verdict.state === "plain" || verdict.state === "invalid") return [];
  const how = new Map(headers.map(([name], index) => [name.toLowerCase(), protections[index] ?? "unprotected"]));
  const named = (/** @type {string[]} */ kinds) => ["subject", ...NOTED_FIELDS]
    .filter((name) => kinds.includes(how.get(name) ?? "")).map((name) => words[name]);
  const list = (/** @type {string[]} */ names) =>
    new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);
  /** @type {[string, string, string[]][]} */
  const notes = [
    ["hidden", words.hidden, named(["encrypted-only", "signed-and-encrypted"])],
    ["outside", words.outside, named(["unprotected"])],
  ];
  return notes.filter(([, , names]) => names.length).map(([kind, sentence, names]) =>
    html("p", { class: "note", "data-test": `fields-${kind}` }, sentence.replace("{fields}", list(names))));
}

/** @param {Mail} shown */
function toolsOf(shown) {
  const turn = async () => {
    asText = !asText;
    await draw(shown);
    /** @type {HTMLElement | null} */ (document.querySelector("[data-test=as-text]"))?.focus();
  };
  return html("div", { class: "tools" },
    html("button", { type: "button", text: asText ? words.asMarkup : words.asText, data: { test: "as-text" }, on: { click: turn } }));
}

/** @param {Mail} shown */
function filesOf({ files }) {
  if (!files.length) return [];
  const list = html("ul", { class: "files", "data-test": "files" });
  const rows = createLongList(list, files, fileRow, { more: (count) => countedWords(words.moreRows, count) });
  return [html("section", { class: "attached", "aria-label": words.files }, html("h2", {}, words.files), ...rows)];
}

/** @param {MailFile} file @param {number} index */
function fileRow(file, index) {
  const facts = `${beginningOf(file.type, MAX_NAME_CHARACTERS)} · ${size(file.size)}`;
  const described = html("span", { class: "file-words" }, html("bdi", {}, beginningOf(file.name, MAX_NAME_CHARACTERS)), html("span", { class: "file-facts" }, facts));
  const row = html("li", { class: "file", "data-test": "file" }, described);
  if (isAttachedMail(file) || SHOWN_NAME.test(file.name) || SHOWN_TYPE.test(file.type)) {
    row.append(fileButton("open", words.open, file, async () => passOn(file, index)));
  }
  row.append(fileButton("save", words.save, file, async () => saveFile(file.name, await fetchFile(index))));
  return row;
}

/** @param {string} test @param {string} label @param {MailFile} file @param {() => Promise<void>} act */
function fileButton(test, label, file, act) {
  const click = async () => {
    problem.textContent = "";
    await act().catch((error) => { problem.textContent = error.message; });
  };
  return html("button", { type: "button", text: label, "aria-label": `${label}: ${file.name}`, data: { test }, on: { click } });
}

/** @param {number} index */
async function fetchFile(index) {
  /** @type {{envelope: Envelope}} */
  const { envelope } = await port.ask("file", { file: index });
  return port.open("mail file", envelope);
}

/** Has the extension open an attached message in a new viewer. @param {MailFile} file @param {number} index */
async function passOn(file, index) {
  /** @type {{publicKey: ArrayBuffer}} */
  const { publicKey } = await port.ask("vaultKey");
  const envelope = await encryptTo(publicKey, "attached mail", await fetchFile(index));
  await port.ask("attached", { name: file.name, envelope });
}
