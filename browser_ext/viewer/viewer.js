/**
 * The viewer: a tab that shows a file from the disk, or a mail that the background already has. It asks no question
 * before it opens a file, because the person chose the file here, and no web page can cover this tab.
 */
import { byId, html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { createCertificateRows } from "../../wasm_build/ui/certificate_rows.js";
import { createLeftOut } from "../../wasm_build/ui/left_out.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { recipientSentence } from "../../wasm_build/ui/verdict_words.js";
import { errorText, translate, translatePage } from "../texts/texts.js";
import { MailReading } from "../shared/mail_reading.js";
import { RequestError } from "../shared/messages.js";
import { ask, startHeartbeat } from "../shared/request.js";

/** The size of the largest file that the background accepts. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;
/** The kinds of file that the viewer does not show, each with its text key. @type {Record<string, string>} */
const ELSEWHERE = {
  "PKCS#12": "viewer_key_file", "private key": "viewer_key_file", "certificate revocation list": "viewer_revocation_list",
  "answer of a timestamp service": "viewer_timestamp",
};

const main = byId("main");
const note = byId("note");
const drop = byId("drop");
const picker = /** @type {HTMLInputElement} */ (byId("file"));
const name = /** @type {HTMLElement} */ (document.querySelector("[data-test=name]"));
/** The id of an opened detached signature. The viewer waits for the file that the signature covers. */
let waitingSignature = "";
/** The number of the last opened file. A late result for an earlier file is ignored. */
let lastTurn = 0;
let frame = "";
/** The button that opens the file again after a lock. */
const againActions = html("div", { class: "viewer-ways" });
main.after(againActions);
const reading = new MailReading(main, { onLocked: showLocked });
/** The last chosen file, for opening it again. @type {File | null} */
let chosen = null;

translatePage();
startHeartbeat();
setTitle(translate, "open_file");
byId("pick").addEventListener("click", () => picker.click());
byId("keys").addEventListener("click", () => void ask("options.open", { section: "" }));
picker.addEventListener("change", () => {
  const [file] = picker.files ?? [];
  if (file) void openFile(file);
  picker.value = "";
});
addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [file] = event.dataTransfer?.files ?? [];
  if (file) void openFile(file);
});
addEventListener("pagehide", () => void closeFrame());
const held = new URLSearchParams(location.search).get("mail");
if (held) void show(() => Promise.resolve(held));
const expected = new URLSearchParams(location.search).get("drop");
if (expected) byId("drop-text").textContent = translate("viewer_drop_named", { name: isolate(expected) });

/** @param {File} file */
function openFile(file) {
  name.textContent = file.name;
  chosen = file;
  return show(async () => {
    if (file.size > MAX_FILE_BYTES) throw new RequestError("file-too-large");
    return (await ask("mail.hold", { bytes: await file.arrayBuffer(), name: file.name })).mail;
  });
}

/** @param {() => Promise<string>} hold gives a file to the background, and returns its id there */
async function show(hold) {
  const turn = ++lastTurn;
  drop.hidden = true;
  main.className = "";
  main.replaceChildren(html("p", { role: "status", text: translate("status_opening") }));
  note.textContent = "";
  againActions.replaceChildren();
  try {
    const mail = await hold();
    await closeFrame();
    if (turn === lastTurn) await showHeld(mail);
  } catch (error) {
    if (turn === lastTurn) showProblem(error);
  }
}

/** @param {string} mail */
async function showHeld(mail) {
  if (waitingSignature) {
    const signature = waitingSignature;
    waitingSignature = "";
    return read(signature, mail);
  }
  const { kind, isDetached, isPage, name: fileName } = await ask("mail.inspect", { mail });
  if (isPage) return location.assign(`page_viewer.html?mail=${mail}`);
  name.textContent = fileName;
  if (kind === "certificates") return showCertificates(mail);
  if (ELSEWHERE[kind]) return say(ELSEWHERE[kind]);
  if (!isDetached) return read(mail, "");
  waitingSignature = mail;
  say("viewer_detached");
}

/** @param {string} key */
function say(key) {
  main.replaceChildren();
  drop.hidden = false;
  note.textContent = translate(key);
}

/** @param {string} mail @param {string} content */
async function read(mail, content) {
  ({ frame } = await ask("viewer.claim", { mail, content }));
  // The viewer is in no webmail that could send an answer, so the answer is saved as a file.
  const letter = { from: "", to: [], cc: [], bcc: [], subject: "", mail, text: "", deliver: /** @type {const} */ ("file") };
  const onAnswer = content ? null : (/** @type {MessageKinds["letter kind"]} */ kind) => ask("compose.open", { ...letter, kind });
  await reading.start({ frame, onAnswer });
}

/** Offers to open the file again, since the vault deletes the file when the keys lock. */
function showLocked() {
  waitingSignature = "";
  drop.hidden = false;
  const file = chosen;
  againActions.replaceChildren(...(file ? [html("button", {
    type: "button", text: translate("viewer_again"), data: { test: "open-again" }, on: { click: () => void openFile(file) },
  })] : []));
}

/** @param {string} mail */
async function showCertificates(mail) {
  const { certificates, pages, unread } = await ask("mail.certificates", { mail });
  main.className = "certificates";
  const shown = pages.map((page, index) => {
    const { usable, reason } = certificates[index];
    const verdict = html("p", { text: usable ? translate("viewer_certificate_good") : whyNot(translate, reason) });
    return html("section", { class: "certificate", data: { test: "certificate" } },
      html("h2", { text: page.title, dir: "auto" }), verdict, createCertificateRows(translate, page));
  });
  main.replaceChildren(...shown, ...createLeftOut(translate, unread, translate("viewer_not_read")));
}

/**
 * The reason why mail cannot be encrypted for a certificate. The sentence about an authority's certificate is not a warning.
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 * @param {import("../../wasm_build/ui/verdict_words.js").Reason} reason
 */
function whyNot(translate, reason) {
  const sentence = recipientSentence(translate, reason);
  return reason.code === "is-authority" ? sentence : translate("viewer_certificate_bad", { reason: sentence });
}

/** @param {unknown} error */
function showProblem(error) {
  main.className = "failed";
  main.replaceChildren(html("p", { class: "problem", role: "alert", text: errorText(error), data: { test: "problem" } }));
  drop.hidden = false;
}

async function closeFrame() {
  const closing = frame;
  frame = "";
  if (closing) await ask("frame.close", { frame: closing }).catch(() => {});
}
