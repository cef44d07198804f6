/**
 * The guide for the first steps. If the person closes the page, the guide continues at the same step when it is opened again.
 * After "Finish" or "Skip these steps" it begins anew.
 */
import { byId, html } from "../../wasm_build/ui/dom.js";
import { setTitle } from "../../wasm_build/ui/page_title.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { stateMark, waxSeal } from "../../wasm_build/ui/state_mark.js";
import { errorText, locale, translate } from "../texts/texts.js";
import { startPage } from "../shared/page_start.js";
import { codeOf } from "../shared/messages.js";
import { ImportProgress } from "../shared/import_progress.js";
import { createOwnAuthority, findOwnAuthority } from "../shared/own_authority.js";
import { createPatternChoice } from "../shared/pattern.js";
import { ask } from "../shared/request.js";

startPage();
setTitle(translate, "welcome_title");

/** @type {{title: string, draw: () => Promise<(Node | null)[]>}[]} */
const STEPS = [
  { title: "welcome_what_title", draw: drawWhat },
  { title: "welcome_identity_title", draw: drawIdentity },
  { title: "welcome_pattern_title", draw: drawPattern },
  { title: "welcome_message_title", draw: drawMessage },
];
const LAST = STEPS.length - 1;

/** The addresses of the identities that the current step shows, as one text. */
let shownIdentities = "";
/** A sentence about the authority that the person has trusted in this guide, or "". */
let trustedText = "";

byId("steps").append(...STEPS.map(() => html("li")));
let current = Math.min(await ask("guide.step"), LAST);
await show();
// The person may have added an identity on the page "Keys and people".
addEventListener("focus", () => void refreshIdentity());

/** @param {number} step */
async function goTo(step) {
  current = step;
  await ask("guide.keep", { step });
  await show();
  document.querySelector("h2")?.focus();
}

async function show() {
  const step = current;
  const { title, draw } = STEPS[step];
  const parts = (await draw()).filter((part) => part !== null);
  // The person has chosen another step meanwhile.
  if (step !== current) return;
  showProblem(null);
  byId("place").textContent = translate("welcome_step", { number: step + 1, count: STEPS.length });
  [...byId("steps").children].forEach((mark, index) => {
    if (index === step) mark.setAttribute("aria-current", "step");
    else mark.removeAttribute("aria-current");
  });
  byId("step").replaceChildren(html("h2", { text: translate(title), tabindex: -1 }), ...parts);
  // If the step has a question, "next" is not the primary button.
  const asks = byId("step").querySelector("[data-test=own-authority]") !== null;
  const next = step < LAST
    ? button("welcome_next", "next", () => goTo(step + 1), asks ? "" : "primary")
    : button("welcome_finish", "finish", finish);
  const back = step > 0 ? button("welcome_back", "back", () => goTo(step - 1)) : "";
  byId("buttons").replaceChildren(next, back, step < LAST ? button("welcome_skip", "skip", finish, "quiet") : "");
}

async function drawWhat() {
  const arrow = () => html("span", { class: "step-arrow", "aria-hidden": "true", text: "→" });
  const picture = html("div", { class: "step-picture", role: "img", "aria-label": translate("welcome_what_picture") },
    stateMark("plain", translate, { size: 56 }), arrow(), waxSeal(), arrow(),
    stateMark("encrypted-only", translate, { size: 56 }));
  return [picture, html("p", { text: translate("welcome_what_text") })];
}

async function drawIdentity() {
  const addresses = await ownAddresses();
  shownIdentities = addresses.join();
  if (addresses.length) {
    const list = new Intl.ListFormat(locale(), { type: "conjunction" }).format(addresses);
    const have = html("p", { class: "done", role: "status", text: translate("welcome_identity_have", { addresses: list }), data: { test: "have" } });
    const proposed = await findOwnAuthority();
    return [have, proposed && createOwnAuthority(proposed, { onAnswer: showAnswer }), trustedNow()];
  }
  return [
    html("p", { text: translate("welcome_identity_text") }), createImport(),
    html("p", { text: translate("welcome_identity_request") }), button("keys_and_people", "keys", () => ask("options.open", { section: "identities" })),
  ];
}

/** The form that imports a key file. */
function createImport() {
  const file = html("input", { type: "file", id: "p12", accept: ".p12,.pfx,.pem,.epf,application/x-pkcs12" });
  const passphrase = new SecretField({ translate, label: translate("passphrase_of_file"), hint: translate("passphrase_hint"), onSubmit: () => void importKeys() });
  const submit = html("button", { type: "submit", text: translate("verb_import"), data: { test: "import-keys" } });
  const progress = new ImportProgress();
  const onSubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void importKeys();
  };
  return html("form", { data: { test: "identity-form" }, on: { submit: onSubmit } },
    html("div", { class: "field" }, html("label", { for: "p12", text: translate("key_file") }), file),
    html("div", { class: "field" }, passphrase.element),
    submit, progress.element);

  async function importKeys() {
    showProblem(null);
    passphrase.setError("");
    const [chosen] = file.files ?? [];
    if (!chosen) return showProblem({ code: "no-file" });
    try {
      await progress.importFile(submit, chosen, passphrase);
      await show();
    } catch (error) {
      if (codeOf(error) === "wrong-passphrase") passphrase.setError(errorText(error));
      else showProblem(error);
    }
  }
}

/** Draws the step anew after the person's answer, and focuses "Next". @param {string | null} sentence for `trustedText` */
async function showAnswer(sentence) {
  trustedText = sentence ?? "";
  await show();
  /** @type {HTMLElement | null} */ (document.querySelector("[data-test=next]"))?.focus();
}

function trustedNow() {
  return trustedText ? html("p", { class: "done", role: "status", text: trustedText, data: { test: "authority-done" } }) : null;
}

async function drawPattern() {
  return [html("p", { text: translate("welcome_pattern_text") }), await createPatternChoice()];
}

async function drawMessage() {
  if (!(await ownAddresses()).length) return [html("p", { text: translate("welcome_message_no_keys"), data: { test: "no-keys" } })];
  return [html("p", { text: translate("welcome_message_text") }), button("open_message", "open-message", openMessage, "primary")];
}

async function openMessage() {
  showProblem(null);
  await ask("guide.message").catch(showProblem);
}

async function refreshIdentity() {
  if (STEPS[current].draw !== drawIdentity || shownIdentities === (await ownAddresses()).join()) return;
  await show();
}

/** Ends the guide, so that it begins at the first step the next time, and opens the page "Keys and people". */
async function finish() {
  await ask("guide.keep", { step: 0 });
  await ask("options.open", { section: "identities" });
}

async function ownAddresses() {
  const { keyFiles } = await ask("keys.list");
  return [...new Set(keyFiles.flatMap(({ identities }) => identities.flatMap(({ addresses }) => addresses)))];
}

/** @param {string} label @param {string} test @param {() => Promise<unknown>} onClick @param {string} [className] */
function button(label, test, onClick, className = "") {
  return html("button", { type: "button", class: className, text: translate(label), data: { test }, on: { click: () => void onClick() } });
}

/** @param {unknown} error null removes the problem */
function showProblem(error) {
  byId("problem").textContent = error ? errorText(error) : "";
}
