/**
 * The options page: the person's keys, contacts and settings in sections (`options/`), and the import of keys.
 */
import { openAcceptDialog } from "../../wasm_build/ui/accept_dialog.js";
import { groupFingerprint } from "../../wasm_build/ui/changed_certificate.js";
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { createLeftOut } from "../../wasm_build/ui/left_out.js";
import { lockedBecause } from "../../wasm_build/ui/locked_because.js";
import { LIMITS } from "../../wasm_build/vault/storage/session.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { addAdministration } from "../shared/administration.js";
import { api } from "../shared/api.js";
import { describeCertificate } from "../shared/certificate_card.js";
import { holderText } from "../../wasm_build/ui/shown_names.js";
import { day, errorText, translate } from "../texts/texts.js";
import { startPage } from "../shared/page_start.js";
import { codeOf } from "../shared/messages.js";
import { ImportProgress } from "../shared/import_progress.js";
import { createOwnAuthority, findOwnAuthority } from "../shared/own_authority.js";
import { createPatternChoice } from "../shared/pattern.js";
import { digestOf } from "../shared/question.js";
import { ask } from "../shared/request.js";
import { watchBackup } from "./backup_form.js";
import { showBridge, watchBridge } from "./bridge_form.js";
import { keyFileCard } from "./identities.js";
import { checkedCard, watchChecked } from "./checked_sites.js";
import { createOffers } from "./offers.js";
import { byId, inputById, removeButton as createRemoveButton, settleRemovals, showProblem, whenSubmitted } from "./parts.js";
import { createChanges, createPeople } from "./people.js";
import { showPreferences, watchPreferences } from "./preferences_form.js";
import { showKeyServer } from "./key_server_form.js";
import { createParcelServer, watchParcelServer } from "./parcel_server_form.js";
import { recipeCard, watchRecipeFile } from "./recipes.js";
import { openRequest, requestCard } from "./requests.js";
import { watchSections } from "./sections.js";
import { showWriting, watchWriting } from "./writing_form.js";

/** @typedef {import("./identities.js").ListedKeyFile} ListedKeyFile */

/** The largest number of times that a question is asked if locks interrupt it. */
const MAX_TRIES = 5;
/** The shown content of each list, as JSON. @type {Map<string, string>} */
const shownLists = new Map();
/** The number of times that the page has asked for its content. */
let refreshes = 0;

startPage();
const passphrase = new SecretField({
  translate, label: translate("passphrase_of_file"), hint: translate("passphrase_hint"), onSubmit: () => void importKeys(),
});
const importProgress = new ImportProgress();
byId("p12-passphrase").append(passphrase.element);
byId("import-progress").append(importProgress.element);
whenSubmitted("import-keys", importKeys);
const context = {
  translate, refresh, renew: (/** @type {CertificateInfo} */ { addresses }) => openRequest({ translate, refresh }, addresses),
};
const people = createPeople(context, byId("people"), /** @type {HTMLInputElement} */ (byId("people-search")));
byId("make-request").addEventListener("click", () => openRequest(context, []));
byId("pattern").append(await createPatternChoice());
watchPreferences(refresh);
watchWriting(refresh);
watchParcelServer(translate, refresh);
watchBackup(context);
watchBridge();
byId("open-file").addEventListener("click", () => void ask("viewer.open", { mail: "" }));
byId("lock").addEventListener("click", async () => {
  await ask("session.lock");
  await refresh();
});
byId("grant").addEventListener("click", () => {
  void api.permissions.request({ origins: ["https://*/*", "http://*/*"] });
});
for (const [input, store] of /** @type {const} */ ([["person", "people"], ["anchor", "anchors"]])) {
  byId(input).addEventListener("change", () => void importCertificates(input, store));
}
byId("list-file").addEventListener("change", () => void followList());
for (const input of ["mozilla", "revocation"]) byId(input).addEventListener("change", () => void changeSettings());
addEventListener("focus", () => void refresh());
// The administrator's parts come before the lists. If they came later, they would move a button under the pointer.
await addAdministration({ news: byId("main"), settings: byId("settings-section") });
watchSections();
watchRecipeFile(refresh);
watchChecked(refresh);
await refresh();

async function refresh() {
  const number = ++refreshes;
  const [{
    keyFiles, people: imported, known, changes, requests, anchors, sites, recipes, decisions, settings, following, lockReason,
    preferences, writing,
  }, offers] = await Promise.all([askThroughLock(() => ask("keys.list")), ask("offers.list")]);
  // A later request is under way, so this answer may be out of date.
  if (number !== refreshes) return;
  const isOpen = keyFiles.some((/** @type {ListedKeyFile} */ { locked }) => !locked);
  const state = isOpen ? translate("state_unlocked", { when: translate(`settings_idle_${preferences.idleMinutes}`) }) : translate(keyFiles.length ? "state_locked" : "state_empty");
  const limits = { ...LIMITS, idleMilliseconds: preferences.idleMinutes * 60_000 };
  byId("state").textContent = isOpen ? state : `${lockedBecause(translate, lockReason, limits)} ${state}`.trim();
  byId("lock").hidden = !isOpen;
  byId("lock").removeAttribute("disabled");
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.removal : undefined;
  drawList("key-files", keyFiles, (file) => keyFileCard(context, file));
  drawList("requests", requests, (waiting) => requestCard(context, waiting));
  drawOnce("people", [imported, known], () => people.show(imported, known));
  drawOnce("changes", changes, () => byId("changes").replaceChildren(...createChanges(translate, changes, refresh)));
  drawList("anchors", anchors, anchorCard);
  drawList("followed", following ? [following] : [], listCard);
  drawList("sites", sites, siteCard);
  drawList("checked", await ask("checked.list"), (site) => checkedCard(site, removeButton("checked.remove", site.origin, site.origin), refresh));
  drawList("recipes", recipes, (recipe) => recipeCard(recipe, removeButton("recipes.remove", recipe.origin, recipe.origin)));
  drawList("decisions", decisions, decisionCard);
  settleRemovals(focused);
  showPreferences(preferences);
  showWriting(writing);
  const parcelServer = await ask("parcel-server.read");
  drawOnce("parcel-server", parcelServer, () => byId("parcel-server").replaceChildren(...createParcelServer(parcelServer, refresh)));
  await showBridge();
  inputById("mozilla").checked = settings.mozilla;
  revocationChoice().value = settings.revocation;
  await showOwnAuthority();
  drawOnce("offers", offers, () => byId("offers").replaceChildren(...createOffers(context, offers)));
  showQuestions();
  await showProposal();
  // The key server is drawn last. A question that appears later would move a button that the person is about to press.
  await showKeyServer(context, keyFiles);
}

/**
 * Shows the heading of the waiting questions above the open section. New questions scroll only their heading into view.
 * Scrolling to the end of a long question would move the page while the person presses a button above.
 */
function showQuestions() {
  const isAsked = ["own-authority", "changes", "offers"].some((id) => byId(id).childElementCount > 0);
  const isNew = isAsked && !byId("questions-title").textContent;
  byId("questions-title").textContent = isAsked ? translate("questions_title") : "";
  if (isNew) byId("questions-title").scrollIntoView({ block: "nearest" });
}

/** Asks a question again if a lock has interrupted it. @template T @param {() => Promise<T>} question */
async function askThroughLock(question) {
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    const answer = await question().catch((error) => { if (error.code !== "locked") throw error; });
    if (answer !== undefined) return answer;
  }
  return question();
}

/**
 * Draws a list if it has changed. An unchanged list is not drawn again, because that would lose clicks, opened parts
 * and selections.
 * @template Entry
 * @param {string} id @param {Entry[]} entries @param {(entry: Entry) => HTMLElement} cardFor
 */
function drawList(id, entries, cardFor) {
  drawOnce(id, entries, () => byId(id).replaceChildren(...entries.map(cardFor)));
}

/** @param {string} id @param {unknown} entries @param {() => void} draw */
function drawOnce(id, entries, draw) {
  const shown = JSON.stringify(entries);
  if (shownLists.get(id) === shown) return;
  draw();
  shownLists.set(id, shown);
}

/**
 * Asks in a dialog whether to trust a certificate that was proposed beside an opened text. No other page can cover it.
 */
async function showProposal() {
  if (document.querySelector("dialog")) return;
  const certificate = await askThroughLock(() => ask("trust.proposal"));
  if (!certificate) return;
  const { fingerprint, question } = certificate;
  const shown = digestOf(question);
  openAcceptDialog(translate, { ...certificate, name: "" }, {
    day,
    sentenceFor: errorText,
    onAccept: async (kind, addresses) => {
      await ask("trust.accept", { fingerprint, kind, addresses, shown: await shown });
      await refresh();
    },
    // Another certificate may have been proposed while the dialog was open.
    onClose: () => void ask("trust.drop", { fingerprint }).then(showProposal),
  });
}

async function changeSettings() {
  const revocation = /** @type {BodyOf<"trust.settings">["revocation"]} */ (revocationChoice().value);
  await ask("trust.settings", { mozilla: inputById("mozilla").checked, revocation });
}

function revocationChoice() {
  return /** @type {HTMLSelectElement} */ (byId("revocation"));
}

/** @param {import("../background/people/trust.js").Decision} decision */
function decisionCard(decision) {
  const { kind, acceptedFor, acceptedAt } = decision;
  const key = kind === "exact" ? "decision_exact" : "decision_authority";
  const reach = html("div", { class: "muted", text: translate(key, { addresses: isolate(acceptedFor.join(", ")), date: day(acceptedAt) }) });
  return html("li", { class: "card", data: { test: "decision" } }, describeCertificate(decision, { notes: [reach] }),
    removeButton("trust.remove", decision.fingerprint, holderText(decision)));
}

async function importKeys() {
  showProblem("keys-problem", null);
  byId("keys-done").textContent = "";
  passphrase.setError("");
  const input = /** @type {HTMLInputElement} */ (byId("p12"));
  const file = input.files?.[0];
  if (!file) return showProblem("keys-problem", { code: "no-file" });
  const button = /** @type {HTMLButtonElement} */ (document.querySelector("[data-test=import-keys]"));
  try {
    await importProgress.importFile(button, file, passphrase);
    input.value = "";
    byId("keys-done").textContent = translate("keys_imported", { file: file.name });
    await refresh();
  } catch (error) {
    if (codeOf(error) === "wrong-passphrase") passphrase.setError(errorText(error));
    else showProblem("keys-problem", error);
  }
}

/** Shows the question about the authority of an imported key file, until it is answered. */
async function showOwnAuthority() {
  const proposed = await findOwnAuthority();
  // An unchanged question is not drawn again. Drawing it again could put a new button under a click.
  drawList("own-authority", proposed ? [proposed] : [], (authority) => createOwnAuthority(authority, { onAnswer: async (sentence) => {
    byId("keys-done").textContent = sentence ?? "";
    await refresh();
  } }));
}

/** @param {string} inputId @param {"people" | "anchors"} store */
async function importCertificates(inputId, store) {
  const input = /** @type {HTMLInputElement} */ (byId(inputId));
  showProblem(`${store}-problem`, null);
  byId(`${store}-done`).textContent = "";
  byId(`${store}-left-out`).replaceChildren();
  try {
    const counts = { added: 0, known: 0 };
    /** @type {import("../../wasm_build/vault/types/verbs.js").LeftOut[]} */
    const left = [];
    for (const file of input.files ?? []) {
      const { added, known, leftOut } = await ask(`${store}.import`, { bytes: await file.arrayBuffer() });
      counts.added += added;
      counts.known += known;
      left.push(...leftOut);
    }
    byId(`${store}-done`).textContent = translate("certificates_imported", { added: counts.added, known: counts.known });
    byId(`${store}-left-out`).replaceChildren(...createLeftOut(translate, left));
  } catch (error) {
    showProblem(`${store}-problem`, error);
  }
  input.value = "";
  await refresh();
}

async function followList() {
  const input = /** @type {HTMLInputElement} */ (byId("list-file"));
  const [file] = input.files ?? [];
  if (!file) return;
  showProblem("list-problem", null);
  await file.arrayBuffer().then((bytes) => ask("list.import", { bytes })).catch((error) => showProblem("list-problem", error));
  input.value = "";
  await refresh();
}

/** @param {NonNullable<ReplyTo<"keys.list">["following"]>} following */
function listCard({ list, problems }) {
  const warnings = problems.map((problem) => html("p", { class: "problem", text: translate("list_over", { why: errorText(problem) }) }));
  if (!list) return html("li", { class: "card" }, html("div", { class: "who" }, ...warnings),
    removeButton("list.stop", "", translate("list_title")));
  const { name, operator, serialNumber, expires, anchors } = list;
  const lines = [translate("list_signed_by", { number: String(serialNumber), name: isolate(operator.name), date: day(expires) }), translate("list_compare")];
  const named = anchors.map(({ certificate, addresses }) => html("li", {
    dir: "auto", text: addresses.length ? translate("list_anchor_for", { name: isolate(certificate.name), addresses: isolate(addresses.join(", ")) }) : certificate.name,
  }));
  const who = html("div", { class: "who" }, html("div", { class: "name", text: name, dir: "auto" }),
    ...lines.map((line) => html("div", { class: "muted", text: line })),
    html("div", { class: "fingerprint", text: groupFingerprint(operator.fingerprint), dir: "ltr" }),
    html("details", { class: "muted" }, html("summary", { text: translate("list_anchors") }), html("ul", {}, ...named)));
  return html("li", { class: "card" }, who, removeButton("list.stop", "", name));
}

/** @param {CertificateInfo} info */
function anchorCard(info) {
  return html("li", { class: "card" }, describeCertificate(info), removeButton("anchors.remove", info.fingerprint, holderText(info)));
}

/** @param {{origin: string, since: string}} site */
function siteCard({ origin, since }) {
  return html("li", { class: "card" }, html("div", { class: "who" }, html("div", { class: "name", text: origin, dir: "ltr" }),
    html("div", { class: "muted", text: translate("site_since", { date: day(since) }) })), removeButton("sites.remove", origin, origin));
}

/** @param {import("./parts.js").Removal} type @param {string} id @param {string} name */
function removeButton(type, id, name) {
  return createRemoveButton(type, id, name, refresh);
}
