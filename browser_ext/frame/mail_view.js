/**
 * The sandboxed view of a mail: the only document that has the mail's text, header fields and files. The view has an
 * opaque origin, no extension API and no network; its only link is one MessagePort. It shows each part with markup in a
 * nested frame, which runs no script.
 *
 * This file is bundled as a classic script, because an opaque origin loads no modules.
 */
import { html, sentenceNodes } from "../../wasm_build/ui/dom.js";
import { technical } from "../../wasm_build/ui/formats.js";
import { encryptTo } from "../shared/channel.js";
import { unpackParts } from "../shared/packed_parts.js";
import { countedWords, linkList, markupFrame, saveBytes } from "../shared/view_parts.js";
import { setLanguage, ViewPort } from "../shared/view_port.js";
import { isPicture, prepareMail, readLink } from "./mail_markup.js";

/** @typedef {{path: string, hasMarkup: boolean, text: string, markup: string}} Passage */
/** @typedef {{name: string, type: string, path: string, contentId: string, size: number}} MailFile */
/**
 * @typedef {{headers: [string, string][], protections: string[], passages: Passage[], files: MailFile[], text: string}} Mail
 */
/** @typedef {{path: string, detached: boolean, sentence: string}} Part */
/**
 * @typedef {{from: string, state: string, parts: Part[], fieldOrigin: string}} Verdict `fieldOrigin` is the site of a
 *   field's text, "" for a mail
 */

/** The limit for all pictures in one part together. */
const MAX_PICTURE_BYTES = 20_000_000;
/** Estimates for a narrow view, from which the height of a frame with markup is computed. */
const CHARACTERS_PER_LINE = 45;
const SPARE_LINES = 4;
const LINE_PIXELS = 28;
const SHOWN_FIELDS = ["to", "cc", "date"];
const MESSAGE_NAME = /\.(eml|p7m|p7s|p7c|p7b)$/iu;
const MESSAGE_TYPE = /^(message\/(rfc822|global)|application\/(x-)?pkcs7-(mime|signature))$/u;
const WEB_ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u;

/** @type {Record<string, string>} */
let words = {};
/** @type {Mail | null} */
let mail = null;
/** @type {Verdict} */
let verdict = { from: "", state: "plain", parts: [], fieldOrigin: "" };
let asText = false;
const problem = html("p", { class: "problem", role: "alert" });
const port = new ViewPort({ read, show, judge });

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
async function show({ envelope, verdict: given }) {
  const bytes = await port.open("opened mail", envelope);
  mail = unpack(bytes);
  new Uint8Array(bytes).fill(0);
  verdict = given;
  await draw(mail);
}

/** @param {{verdict: Verdict}} body */
function judge({ verdict: given }) {
  verdict = given;
  if (mail) document.querySelector("header")?.replaceWith(headerOf(mail));
  for (const section of document.querySelectorAll(".passage")) showCoverage(section);
}

/** Takes apart the bytes of `packContent`. @param {ArrayBuffer} bytes @returns {Mail} */
function unpack(bytes) {
  /** @type {ReturnType<typeof unpackParts<Omit<Mail, "text">>>} */
  const { facts, parts } = unpackParts(bytes);
  const texts = parts.map((part) => new TextDecoder().decode(part));
  const passages = facts.passages.map((passage, index) => ({ ...passage, text: texts[1 + 2 * index], markup: texts[2 + 2 * index] }));
  return { ...facts, passages, text: texts[0] };
}

/** @param {Mail} shown */
async function draw(shown) {
  const hasMarkup = shown.passages.some((passage) => passage.hasMarkup);
  /** @type {string[]} */
  const links = [];
  const notes = html("div");
  const passages = html("main", { class: "passages" });
  let blocked = 0;
  for (const passage of passagesOf(shown)) {
    const section = html("section", { class: "passage", "data-path": passage.path });
    if (passage.hasMarkup && !asText) blocked += await drawMarkup(section, passage, links);
    else section.append(textOf(passage.text, links));
    showCoverage(section);
    passages.append(section);
  }
  if (blocked) notes.append(html("p", { class: "note", "data-test": "blocked" }, words.blocked));
  if (!shown.passages.length && !shown.files.length) passages.append(html("p", { class: "note" }, words.empty));
  document.body.replaceChildren(
    headerOf(shown), ...(hasMarkup ? [toolsOf(shown)] : []), notes, passages, ...linksOf(links), ...filesOf(shown), problem,
  );
}

/**
 * The parts to show. If the person chose "as text", the text alternative of the whole mail is the only part, unless
 * parts have signatures of their own.
 * @param {Mail} shown
 */
function passagesOf({ passages, text }) {
  const isWhole = asText && !verdict.parts.length;
  return isWhole ? [{ path: "", hasMarkup: false, text, markup: "" }] : passages;
}

/** @param {Element} section @param {Passage} passage @param {string[]} links @returns {Promise<number>} */
async function drawMarkup(section, passage, links) {
  const prepared = await prepareMail(passage.markup, pictureFinder(passage.path));
  if (!prepared) {
    section.append(textOf(passage.text, links));
    return 1;
  }
  const { document: source, links: found, blocked } = prepared;
  const frame = markupFrame(source, { class: "markup", title: words.markup });
  frame.style.blockSize = `min(55vb, ${heightFor(passage)}px)`;
  section.append(frame);
  links.push(...found);
  return blocked;
}

/**
 * The estimated height of a part with markup, in pixels. No script can ask the frame for the real height.
 * @param {Passage} passage
 */
function heightFor({ text, markup }) {
  if (/<(img|table)\b/iu.test(markup)) return Number.MAX_SAFE_INTEGER;
  const lines = text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / CHARACTERS_PER_LINE), 0);
  return (lines + SPARE_LINES) * LINE_PIXELS;
}

/**
 * Returns a function that finds a picture by its Content-ID. It finds only pictures covered by the same signatures and
 * encryption as the text that shows them.
 * @param {string} path
 */
function pictureFinder(path) {
  let left = MAX_PICTURE_BYTES;
  const covers = coveringOf(path).map((part) => part.path).join(" ");
  return async (/** @type {string} */ contentId) => {
    const index = mail?.files.findIndex((file) => file.contentId === contentId && isPicture(file.type)
      && coveringOf(file.path).map((part) => part.path).join(" ") === covers) ?? -1;
    const file = mail?.files[index];
    if (!file || file.size > left) return null;
    left -= file.size;
    return dataUrl(await fetchFile(index), file.type);
  };
}

/** @param {ArrayBuffer} bytes @param {string} type @returns {Promise<string>} */
function dataUrl(bytes, type) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes], { type }));
  });
}

/** The protected parts that contain the part at this path. @param {string} path */
function coveringOf(path) {
  return verdict.parts.filter((part) => {
    // A multipart/signed has two parts: the signature is the second, and covers only the first.
    const covered = part.detached ? `${part.path}.1` : part.path;
    return path === covered || path.startsWith(`${covered}.`);
  });
}

/**
 * Shows above a part the signature that covers it, if parts of the mail have their own signatures.
 * @param {Element} section
 */
function showCoverage(section) {
  section.querySelector(".coverage")?.remove();
  if (!verdict.parts.length) return;
  const covering = coveringOf(/** @type {HTMLElement} */ (section).dataset.path ?? "");
  section.setAttribute("data-covered", String(covering.length > 0));
  const sentence = covering.map((part) => part.sentence).join(" ") || words.uncovered;
  section.prepend(html("p", { class: "coverage", dir: "auto", "data-test": "coverage" }, sentence));
}

/** @param {Mail} shown */
function headerOf({ headers, protections }) {
  if (verdict.fieldOrigin) return html("header", {}, fieldHeading(verdict.fieldOrigin));
  const field = (/** @type {string} */ name) => headers.find(([found]) => found.toLowerCase() === name)?.[1] ?? "";
  const claimed = field("from");
  /** @type {[string, string, string][]} */
  const rows = [
    [verdict.from ? words.from : words.fromClaimed, verdict.from || claimed, "from"],
    ...SHOWN_FIELDS.map((name) => /** @type {[string, string, string]} */ ([words[name], dateOr(name, field(name)), name])),
  ];
  const list = html("dl", { class: "fields" });
  for (const [label, value, name] of rows.filter(([, value]) => value)) {
    list.append(html("dt", {}, label), html("dd", { dir: "auto", "data-test": name }, value));
  }
  const header = html("header");
  // A signed file that is no mail has no header fields.
  if (headers.length) header.append(html("h1", { dir: "auto", "data-test": "subject" }, field("subject") || words.noSubject));
  header.append(list, ...notesOf(headers, protections));
  return header;
}

/** The heading of a field's text, which has no header fields. @param {string} site */
function fieldHeading(site) {
  return html("h1", { "data-test": "field-text" }, ...sentenceNodes(words.fieldText.replace("{site}", technical(site))));
}

/** @param {string} name @param {string} value */
function dateOr(name, value) {
  const date = name === "date" ? new Date(value) : null;
  if (!date || Number.isNaN(date.getTime())) return value;
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" }).format(date);
}

/**
 * The notes that name the header fields that were encrypted, and those that nothing protects.
 * @param {[string, string][]} headers
 * @param {string[]} protections
 */
function notesOf(headers, protections) {
  if (verdict.state === "plain" || verdict.state === "invalid") return [];
  const how = new Map(headers.map(([name], index) => [name.toLowerCase(), protections[index] ?? "unprotected"]));
  const named = (/** @type {string[]} */ wanted) => ["subject", ...SHOWN_FIELDS]
    .filter((name) => wanted.includes(how.get(name) ?? "")).map((name) => words[name]);
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
  const label = asText ? words.asMarkup : words.asText;
  return html("div", { class: "tools" },
    html("button", { type: "button", text: label, data: { test: "as-text" }, on: { click: turn } }));
}

/** @param {string} text @param {string[]} links */
function textOf(text, links) {
  const box = html("div", { class: "text", dir: "auto", translate: "no", "data-test": "body" });
  for (const [index, piece] of text.split(WEB_ADDRESS).entries()) {
    const target = index % 2 ? readLink(piece) : null;
    if (target) links.push(target.url);
    box.append(target ? linkTo(target.url, piece) : piece);
  }
  return box;
}

/** @param {string} url @param {string} label */
function linkTo(url, label) {
  return html("a", { href: url, target: "_blank", rel: "noreferrer noopener", dir: "ltr" }, label);
}

/**
 * A list of all links with their hosts, outside the frames, where the mail's styles cannot alter it.
 * @param {string[]} links
 */
function linksOf(links) {
  const targets = [...new Set(links)].map((url) => readLink(url));
  if (!targets.length) return [];
  const items = targets.filter((target) => target !== null).map(({ place, url }) =>
    html("li", {}, html("strong", { dir: "ltr", text: place }), " ", linkTo(url, url)));
  return [linkList(countedWords(words.links, targets.length), items)];
}

/** @param {Mail} shown */
function filesOf({ files }) {
  if (!files.length) return [];
  const list = html("ul", { class: "files", "data-test": "files" });
  for (const [index, file] of files.entries()) list.append(fileRow(file, index));
  return [html("section", { class: "attached", "aria-label": words.files }, html("h2", {}, words.files), list)];
}

/** @param {MailFile} file @param {number} index */
function fileRow(file, index) {
  const facts = `${file.type} · ${sizeOf(file.size)}`;
  const described = html("span", { class: "file-words" }, html("bdi", {}, file.name), html("span", { class: "file-facts" }, facts));
  const row = html("li", { class: "file", "data-test": "file" }, described);
  if (MESSAGE_NAME.test(file.name) || MESSAGE_TYPE.test(file.type)) {
    row.append(fileButton("open", words.open, file, async () => passOn(file, index)));
  }
  row.append(fileButton("save", words.save, file, async () => saveBytes(file.name, await fetchFile(index))));
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

/** @param {number} bytes */
function sizeOf(bytes) {
  const [unit, size] = bytes < 1000 ? ["byte", 1] : bytes < 1_000_000 ? ["kilobyte", 1000] : ["megabyte", 1_000_000];
  const options = { style: "unit", unit, unitDisplay: bytes < 1000 ? "long" : "short", maximumFractionDigits: bytes < 1_000_000 ? 0 : 1 };
  const numbers = new Intl.NumberFormat(document.documentElement.lang, /** @type {Intl.NumberFormatOptions} */ (options));
  return numbers.format(bytes / Number(size));
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
