/**
 * The viewer of whole pages. It shows a signed page of a tab, which it fetches again with its signature, or a page in a
 * file. The viewer asks no question before it opens a page, because only a click of the person opens the viewer, and no
 * web page can cover it.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { errorText, translate, translatePage } from "../texts/texts.js";
import { openPageView } from "../shared/page_reading.js";
import { describeReport } from "../shared/report_view.js";
import { ask, askWithSecrets, startHeartbeat, wasLockedSince, whenLocked } from "../shared/request.js";

/** @typedef {Parameters<typeof describeReport>[0]} Report */
/** @typedef {{report: Report, address: string, envelope: unknown}} Opened */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const query = new URLSearchParams(location.search);
const tab = Number(query.get("tab"));
let page = "";
/** The address of the page; empty for a file. */
let address = "";
/** True while a decrypted page is shown here, or is about to be shown. */
let isEncryptedOpen = false;

translatePage();
startHeartbeat();
setTitle(translate, "page_viewer_title");
whenLocked(() => removePage("mail_locked"));
addEventListener("pagehide", () => removePage("mail_left"));
await start();

async function start() {
  main.className = "";
  main.replaceChildren(html("p", { role: "status", text: translate("status_opening") }));
  try {
    if (query.has("problem")) throw { code: query.get("problem") };
    const mail = query.get("mail");
    ({ page, address } = mail ? await ask("page.take", { mail }) : await ask("page.fetch", { tab }));
    await open();
  } catch (error) {
    showProblem(error);
  }
}

/** @param {Secret} [password] */
async function open(password) {
  const place = html("div", { class: "view-place" });
  const top = html("div", { class: "top" });
  const bottom = html("div", { class: "bottom" });
  main.replaceChildren(top, place, bottom);
  const { view, replyKey } = await openPageView(place, { save: translate("page_save_bytes") });
  const opened = password ? await askWithSecrets("page.password", { page, replyKey }, { password }) : await ask("page.verify", { page, replyKey });
  if (opened.isClosed) return showClosed(opened.report);
  isEncryptedOpen = opened.report.recipients.length > 0;
  if (isEncryptedOpen && (await wasLockedSince(opened.openedAt))) removePage("mail_locked");
  if (!place.isConnected) return;
  showVerdict(opened, top, bottom);
  if (opened.envelope) {
    top.append(...notesOf(await view.showPage({ envelope: opened.envelope })));
  } else {
    place.remove();
    bottom.before(html("p", { class: "warning", text: translate("page_not_shown"), data: { test: "not-shown" } }));
  }
  if (!opened.settled) void settle(opened, top, bottom);
}

/**
 * @param {Opened} opened
 * @param {HTMLElement} top
 * @param {HTMLElement} bottom
 */
function showVerdict({ report, address: signedFor, envelope }, top, bottom) {
  const onAccept = (/** @type {string} */ fingerprint) => void ask("page.propose", { page, fingerprint }).catch(showProblem);
  const { headline, details } = describeReport(report, translate, { onAccept });
  top.querySelectorAll("[data-part=verdict]").forEach((element) => element.remove());
  const verdict = html("div", { data: { part: "verdict" } }, ...headline);
  top.prepend(verdict, addressesOf(signedFor, Boolean(envelope) && report.signers.length > 0));
  bottom.replaceChildren(details);
}

/**
 * The addresses of a page: the signed address, and the address from which the page was fetched.
 * @param {string} signedFor
 * @param {boolean} isVouched false for a page that is not signed, or not shown, and so has no signed address
 */
function addressesOf(signedFor, isVouched) {
  const line = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string} */ test) => html("div", {},
    html("div", { class: "muted", text: translate(label) }), html("div", { class: "address", text: value, dir: "ltr", data: { test } }));
  const data = { part: "verdict" };
  if (!isVouched) return html("div", { class: "addresses", data }, address && line("from", address, "stands-at"));
  return html("div", { class: "addresses", data },
    signedFor ? line("page_signed_for", signedFor, "signed-for") : html("div", { text: translate("page_signed_for_none") }),
    address && address !== signedFor && line("page_stands_at", address, "stands-at"),
    address && html("div", { class: "muted", text: translate("page_fetched_anew") }));
}

/** @param {{leftOut: number, scripts: number}} unseen */
function notesOf({ leftOut, scripts }) {
  return [
    ...(leftOut ? [html("p", { text: translate("page_left_out", { count: leftOut }), data: { test: "left-out" } })] : []),
    ...(scripts ? [html("p", { text: translate("page_scripts", { count: scripts }), data: { test: "scripts" } })] : []),
  ];
}

/** @param {Opened} opened @param {HTMLElement} top @param {HTMLElement} bottom */
async function settle(opened, top, bottom) {
  try {
    const { report } = await ask("page.settle", { page });
    showVerdict({ ...opened, report }, top, bottom);
  } catch (error) {
    bottom.append(html("p", { class: "problem", role: "alert", text: errorText(error) }));
  }
}

/** Removes a decrypted page with its view. If the keys were locked, the vault has deleted the file too. @param {string} why */
function removePage(why) {
  if (!isEncryptedOpen) return;
  isEncryptedOpen = false;
  main.replaceChildren(html("p", { role: "status", text: translate(why), data: { test: "locked" } }));
}

/**
 * Asks for the passphrase of a locked key, or for the password of the page. Called if no unlocked key decrypts the
 * page.
 * @param {Report} report
 */
async function showClosed(report) {
  const { identities } = await ask("page.identities");
  const locked = identities.find((/** @type {{locked: boolean}} */ identity) => identity.locked);
  const byPassword = report.recipients.some((/** @type {{kind: string}} */ { kind }) => kind === "pwri");
  const fields = [
    ...(byPassword ? [secretField(
      { label: translate("page_password"), hint: translate("page_password_hint"), verb: translate("page_open") },
      (secret) => openAgain(report, secret),
    )] : []),
    ...(locked ? [secretField(
      { label: translate("passphrase_for", { file: locked.fileName }), hint: translate("passphrase_hint"), verb: translate("unlock") },
      (secret) => unlock(locked.keyFile, secret),
    )] : []),
  ];
  main.replaceChildren(html("section", { class: "unlock" },
    html("h2", { text: translate("page_encrypted") }), ...fields,
    !fields.length && html("p", { class: "warning", text: errorText({ code: "no-key-open" }), data: { test: "problem" } })));
}

/** @param {Report} report @param {Secret} password */
async function openAgain(report, password) {
  try {
    await open(password);
  } catch (error) {
    await showClosed(report);
    const problem = main.querySelector("[data-test=problem]");
    const isWrong = /** @type {{code?: string}} */ (error).code === "wrong-passphrase";
    if (problem) problem.textContent = errorText(isWrong ? { code: "page-password-wrong" } : error);
  }
}

/** @param {{label: string, hint: string, verb: string}} words @param {(secret: Secret) => Promise<void>} onSecret */
function secretField({ label, hint, verb }, onSecret) {
  const problem = html("p", { class: "problem", role: "alert", data: { test: "problem" } });
  const submit = async () => {
    button.disabled = true;
    problem.textContent = "";
    try {
      await onSecret(field.take());
    } catch (error) {
      problem.textContent = errorText(error);
    }
    button.disabled = false;
  };
  const field = new SecretField({ translate, label, hint, onSubmit: () => void submit() });
  const button = html("button", { type: "button", class: "primary", text: verb, data: { test: "unlock" }, on: { click: () => void submit() } });
  return html("div", { class: "unlock" }, field.element, problem, html("div", { class: "buttons" }, button));
}

/** @param {string} keyFile @param {Secret} secret */
async function unlock(keyFile, secret) {
  await askWithSecrets("page.unlock", { keyFile }, { passphrase: secret });
  // The field was removed, so it cannot show the error.
  await open().catch(showProblem);
}

/** @param {unknown} error */
function showProblem(error) {
  const again = html("button", { type: "button", text: translate("try_again"), data: { test: "again" }, on: { click: () => void start() } });
  main.replaceChildren(
    html("p", { class: "problem", role: "alert", text: errorText(error), data: { test: "problem" } }),
    html("div", { class: "buttons" }, again),
  );
}
