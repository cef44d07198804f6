/**
 * The extension's frame in a page (the broker). It does nothing before it has a valid token. It draws the state and the
 * buttons around a nested view, which contains the text, and passes encrypted envelopes between the view and the
 * background.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { waxSeal } from "../../wasm_build/ui/state_mark.js";
import { errorText, translate, translatePage } from "../texts/texts.js";
import { MailReading } from "../shared/mail_reading.js";
import { describeReport } from "../shared/report_view.js";
import { showPattern } from "../shared/pattern.js";
import { ask, outcomeOf, startHeartbeat, wasLockedSince, whenLocked } from "../shared/request.js";
import { ViewLink } from "../shared/view_link.js";
import { watchText } from "./covered.js";

/**
 * @typedef {{frame: string, kind: "write" | "open" | "mail", sign: boolean, encrypt: boolean, moved: string, kept: boolean, pageLeft: boolean, pattern: number}} Claim
 */
/** @typedef {Parameters<typeof describeReport>[0]} Report */

const KEEP_MILLISECONDS = 700;
const LOOK_AFTER_KEPT_MILLISECONDS = 10_000;
/** The time that a lock needs to end the vault. */
const LOCKING_MILLISECONDS = 500;

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const top_ = html("div", { class: "top" });
const status = html("p", { class: "status", role: "status", data: { test: "status" } });
const bottom = html("div", { class: "bottom" });
/** @type {HTMLElement | null} */
let details = null;
/** True while decrypted text is shown here, or is about to be shown. */
let isOpen = false;
let keeping = false;
/** The time at which the typed text was last given to the vault, in milliseconds since 1970. */
let keptAt = 0;
/** The public key of the vault that keeps the typed text; "" while no vault keeps it. */
let keptBy = "";
const reading = new MailReading(main);
/** The id of the mail, which the content script sends when it has fetched the mail. @type {Promise<string>} */
const fetched = new Promise((resolve) => {
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data?.type === "mail") resolve(String(data.mail));
  });
});

// The content script sends the token once. If a page embeds this document itself, it has no valid token, and the frame
// stays empty.
if (parent === window) {
  const frame = new URLSearchParams(location.search).get("frame");
  if (frame) void start({ token: "", frame, pageOrigin: "" });
} else {
  // The view for a mail loads while the mail is being fetched.
  if (main.firstElementChild) reading.prepare();
  addEventListener("message", function receive(event) {
    if (event.source !== parent || event.data?.type !== "token") return;
    removeEventListener("message", receive);
    const { token, text: moved } = event.data;
    void start({ token: String(token), frame: "", pageOrigin: event.origin }, String(moved ?? ""));
  });
}

/**
 * @param {{token: string, frame: string, pageOrigin: string}} ticket
 * @param {string} [moved] the text from the page's field
 */
async function start(ticket, moved = "") {
  /** @type {Claim} */
  const claim = await ask("frame.claim", ticket);
  addEventListener("pagehide", () => leave(claim));
  startHeartbeat();
  translatePage();
  showPattern(claim.pattern);
  if (claim.kind !== "write" && parent !== window) watchText(main);
  if (claim.kind === "mail") {
    const closing = [button(translate("close"), "quiet", "close", () => close(claim))];
    const onAnswer = (/** @type {MessageKinds["letter kind"]} */ kind) => ask("mail.answer", { frame: claim.frame, kind });
    return reading.start({ frame: claim.frame, mail: parent === window ? "" : await fetched, onAnswer, closing });
  }
  // The view is not moved, because a moved iframe loads again and loses its port.
  const view = await ViewLink.open(main);
  main.prepend(top_);
  // A separate window is a whole document, so it has a heading for users of screen readers.
  if (parent === window) main.prepend(html("h1", { text: translate(claim.kind === "write" ? "editor_label" : "extension_name") }));
  main.append(bottom);
  if (claim.kind === "write") return startWriting(claim, view, moved || claim.moved);
  whenLocked(() => removeView(claim));
  return startReading(claim, view);
}

/** @param {Claim} claim @param {ViewLink} view @param {string} moved */
async function startWriting(claim, view, moved) {
  await view.write({ label: translate("editor_label"), text: moved });
  // Only the content script can reach this window and send it messages. Its messages here can only make the editor grey
  // or reopen it for changes.
  addEventListener("message", ({ source, data }) => {
    if (source !== parent) return;
    if (data?.type === "seen") void view.attend(data.seen === true).catch(() => {});
    if (data?.type === "replaced" && main.className === "encrypted") change(claim, view, translate("field_replaced"));
  });
  const lost = claim.kept ? await goOn(claim, view).catch((error) => error) : null;
  view.onTyped = () => keepSoon(claim, view);
  const keptAgain = () => void keepAgain(claim, view).catch(() => {});
  setInterval(keptAgain, LOOK_AFTER_KEPT_MILLISECONDS);
  whenLocked(() => setTimeout(keptAgain, LOCKING_MILLISECONDS));
  showEditor(claim, view, translate(claim.pageLeft ? "editor_page_left" : moved ? "editor_moved" : "editor_hint"));
  if (lost) showStatus(errorText(lost), true);
}

/** Shows the text that was typed before the page removed the frame. @param {Claim} claim @param {ViewLink} view */
async function goOn({ frame }, view) {
  const replyKey = await view.prepare();
  await view.show(await ask("field.kept", { frame, replyKey }));
  view.typed = true;
  void keep(frame, view).catch(() => {});
}

/**
 * Has the vault keep the typed text, because the page may remove this frame.
 * @param {Claim} claim @param {ViewLink} view
 */
function keepSoon({ frame }, view) {
  if (keeping) return;
  keeping = true;
  setTimeout(() => {
    keeping = false;
    keptAt = Date.now();
    // If the vault does not answer, the text is still in the view, and the next typed key triggers another try.
    if (main.className !== "encrypted") void keep(frame, view).catch(() => {});
  }, Math.max(0, keptAt + KEEP_MILLISECONDS - Date.now()));
}

/** @param {string} frame @param {ViewLink} view */
async function keep(frame, view) {
  const { publicKey } = await ask("vault.key");
  await ask("field.keep", { frame, text: await view.encrypt(publicKey) });
  keptBy = new Uint8Array(publicKey).join();
}

/**
 * If the vault has been replaced, has the new vault keep the text. A vault ends at a lock, and in Firefox also when the
 * background ends.
 * @param {Claim} claim @param {ViewLink} view
 */
async function keepAgain({ frame }, view) {
  if (!keptBy || main.className === "encrypted") return;
  const { publicKey } = await ask("vault.key");
  if (new Uint8Array(publicKey).join() !== keptBy) await keep(frame, view);
}

/** @param {Claim} claim @param {ViewLink} view @param {string} hint */
function showEditor(claim, view, hint) {
  main.className = "";
  const verb = translate(claim.sign && claim.encrypt ? "verb_sign_encrypt" : claim.sign ? "verb_sign" : "verb_encrypt");
  const encrypt = button(verb, "primary", "encrypt", () => encryptText(claim, view, encrypt));
  top_.replaceChildren(html("p", { text: hint }));
  showStatus("");
  const cancelling = button(translate(claim.pageLeft ? "close" : "cancel"), "", "cancel", () => cancel(claim, view, hint));
  bottom.replaceChildren(...(claim.pageLeft ? [] : [encrypt]), cancelling, status);
}

/**
 * Lets the person continue writing in a field that was encrypted.
 * @param {Claim} claim @param {ViewLink} view @param {string} [problem] a sentence about the problem, if the page has caused it
 */
function change(claim, view, problem = "") {
  void ask("field.change", { frame: claim.frame });
  view.freeze(false);
  showEditor(claim, view, translate("editor_hint"));
  // The sentence is above the text, since a low frame has no room below the text.
  if (problem) top_.replaceChildren(html("p", { class: "problem", role: "alert", text: problem, data: { test: "replaced" } }));
  keepSoon(claim, view);
}

/** @param {Claim} claim @param {ViewLink} view @param {HTMLButtonElement} encrypt */
async function encryptText(claim, view, encrypt) {
  encrypt.disabled = true;
  view.freeze(true);
  showStatus(translate("status_waiting"));
  try {
    const { publicKey } = await ask("vault.key");
    const { job } = await ask("field.write", { frame: claim.frame, text: await view.encrypt(publicKey) });
    const { state, result, error } = await outcomeOf(claim.frame, job);
    if (result && "people" in result) return showEncrypted(claim, view, result);
    showStatus(state === "cancelled" ? translate("status_refused") : errorText(error), state !== "cancelled");
  } catch (error) {
    showStatus(errorText(error), true);
  }
  encrypt.disabled = false;
  view.freeze(false);
}

/**
 * @param {Claim} claim
 * @param {ViewLink} view
 * @param {{people: string[], signedAs: string | null, encrypted: boolean}} result
 */
function showEncrypted(claim, view, { people, signedAs, encrypted }) {
  main.className = "encrypted";
  const list = new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" });
  const readers = encrypted ? translate("encrypted_for_people", { people: list.format([...people, translate("you")]) }) : translate("encrypted_for_nobody");
  const sentence = html("p", { role: "status", data: { test: "encrypted" } },
    html("strong", { text: signedAs ? translate("signed_as", { address: signedAs }) : translate("signed_by_nobody") }), " ", readers);
  // In a page, a note below the frame names the next step, since it may quote a button of the page.
  const next = parent === window ? html("p", { text: translate("next_step"), data: { test: "next-step" } }) : null;
  top_.replaceChildren(html("div", { class: "encrypted-block" }, waxSeal(), sentence), ...(next ? [next] : []));
  const changing = button(translate("verb_change"), "", "change", () => change(claim, view));
  bottom.replaceChildren(changing, button(translate("close"), "quiet", "close", () => close(claim)));
}

/**
 * Closes the frame. If the person has typed a text, asks first whether to discard it.
 * @param {Claim} claim @param {ViewLink} view @param {string} hint
 */
async function cancel(claim, view, hint) {
  if (!view.typed) return close(claim);
  showStatus(translate("status_discard"));
  bottom.replaceChildren(
    button(translate("keep_writing"), "", "keep", async () => showEditor(claim, view, hint)),
    button(translate("verb_discard"), "", "discard", () => close(claim)),
    status,
  );
}

/** @param {Claim} claim @param {ViewLink} view */
async function startReading(claim, view) {
  main.className = "";
  top_.replaceChildren(html("p", { text: translate("status_opening"), role: "status" }));
  bottom.replaceChildren(status);
  try {
    const replyKey = await view.read({ label: translate("reader_label") });
    const { job } = await ask("field.verify", { frame: claim.frame, replyKey });
    const { state, result, error, envelope } = await outcomeOf(claim.frame, job);
    if (!envelope) throw state === "cancelled" ? { code: "opening-refused" } : error;
    isOpen = true;
    if (await wasLockedSince(result.openedAt)) removeView(claim);
    if (!isOpen) return;
    await view.show(envelope);
    await showVerdict(claim, result);
    if (!isOpen) return;
    bottom.replaceChildren(button(translate("close"), "", "close", () => close(claim)), status);
  } catch (error) {
    showFailure(claim, view, error);
  }
}

/**
 * Tells the background that the person leaves the page. `reading` has already emptied the frame, since the browser's
 * Back button may show the same document again.
 * @param {Claim} claim
 */
function leave(claim) {
  isOpen = false;
  void ask("frame.left", { frame: claim.frame }).catch(() => {});
}

/** Removes the view with the opened text, after the keys were locked. @param {Claim} claim */
function removeView(claim) {
  if (!isOpen) return;
  isOpen = false;
  main.querySelector(".view")?.remove();
  details?.remove();
  details = null;
  main.className = "failed";
  top_.replaceChildren(html("p", { text: translate("mail_locked"), role: "status", data: { test: "locked" } }));
  bottom.replaceChildren(button(translate("close"), "quiet", "close", () => close(claim)));
}

/**
 * Shows the verdict. If it is not final, shows the final verdict when the certificate authorities have answered.
 * @param {Claim} claim @param {{report: Report, settled: boolean}} result
 */
async function showVerdict(claim, { report, settled }) {
  if (!isOpen) return;
  const onAccept = (/** @type {string} */ fingerprint) =>
    void ask("trust.propose", { frame: claim.frame, fingerprint }).catch((error) => showStatus(errorText(error), true));
  const statement = describeReport(report, translate, { onAccept });
  top_.replaceChildren(...statement.headline);
  details?.remove();
  details = statement.details;
  bottom.before(details);
  if (settled) return;
  void ask("field.settle", { frame: claim.frame }).then((last) => showVerdict(claim, { ...last, settled: true })).catch(
    (error) => showStatus(errorText(error), true),
  );
}

/** @param {Claim} claim @param {ViewLink} view @param {unknown} error */
function showFailure(claim, view, error) {
  isOpen = false;
  main.className = "failed";
  top_.replaceChildren(html("p", { class: "problem", role: "alert", text: errorText(error), data: { test: "problem" } }));
  bottom.replaceChildren(
    button(translate("try_again"), "", "again", () => startReading(claim, view)),
    button(translate("keys_and_people"), "quiet", "keys", () => ask("options.open", { section: "" })),
    button(translate("close"), "quiet", "close", () => close(claim)),
  );
}

/** @param {Claim} claim */
async function close({ frame }) {
  await ask("frame.close", { frame });
  if (parent === window) window.close();
}

/** @param {string} message @param {boolean} [failed] */
function showStatus(message, failed = false) {
  status.textContent = message;
  status.classList.toggle("failed", failed);
}

/**
 * @param {string} label
 * @param {string} className
 * @param {string} name
 * @param {() => unknown} act
 */
function button(label, className, name, act) {
  return html("button", { type: "button", class: className, text: label, data: { test: name }, on: { click: () => void act() } });
}
