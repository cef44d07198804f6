/** Keys and people: what is kept, section by section (`options/`), and how keys and certificates get in. */
import { openAcceptDialog } from "./runtime/ui/accept_dialog.js";
import { explainCalm } from "./runtime/ui/calm.js";
import { groupFingerprint } from "./runtime/ui/changed_certificate.js";
import { html } from "./runtime/ui/dom.js";
import { isolate } from "./runtime/ui/formats.js";
import { lockedBecause } from "./runtime/ui/locked_because.js";
import { LIMITS } from "./runtime/session.js";
import { SecretField } from "./runtime/ui/secret_field.js";
import { addAdministration } from "./shared/administration.js";
import { api } from "./shared/api.js";
import { describeCertificate, nameOf } from "./shared/certificate_card.js";
import { day, errorText, loadSharedText, text, translatePage } from "./shared/i18n.js";
import { ImportProgress } from "./shared/import_progress.js";
import { createOwnAuthority, findOwnAuthority } from "./shared/own_authority.js";
import { createPatternChoice } from "./shared/pattern.js";
import { digestOf } from "./shared/question.js";
import { ask, askWithSecrets } from "./shared/request.js";
import { watchBackup } from "./options/backup_form.js";
import { keyFileCard } from "./options/identities.js";
import { byId, removeButton as createRemoveButton, settleRemovals, showProblem } from "./options/parts.js";
import { createChanges, createPeople } from "./options/people.js";
import { showPreferences, watchPreferences } from "./options/preferences_form.js";
import { openRequest, requestCard } from "./options/requests.js";

/** @typedef {import("./options/identities.js").ListedKeyFile} ListedKeyFile */

/** A lock has fewer steps. */
const MAX_TRIES = 5;
/** What each list shows, as text. @type {Map<string, string>} */
const shownLists = new Map();
/** How often the page has asked for what it shows. */
let refreshes = 0;

const translate = await loadSharedText();
translatePage();
explainCalm(translate("calm_hint"));
document.title = text("optionsTitle");
const passphrase = new SecretField({
  translate, label: text("passphraseOfFile"), hint: text("passphraseHint"), onSubmit: () => void importKeys(),
});
const importProgress = new ImportProgress();
byId("p12-passphrase").append(passphrase.element);
byId("import-progress").append(importProgress.element);
byId("import-keys").addEventListener("submit", (event) => {
  event.preventDefault();
  void importKeys();
});
const context = {
  translate, refresh, renew: (/** @type {CertificateInfo} */ { addresses }) => openRequest({ translate, refresh }, addresses),
};
const people = createPeople(context, byId("people"), /** @type {HTMLInputElement} */ (byId("people-search")));
byId("sections").setAttribute("aria-label", text("sectionsLabel"));
byId("make-request").addEventListener("click", () => openRequest(context, []));
byId("pattern").append(await createPatternChoice());
watchPreferences(refresh);
watchBackup(context);
byId("open-file").addEventListener("click", () => void ask("viewer.open", { mail: "" }));
byId("lock").addEventListener("click", async () => {
  await ask("session.lock");
  await refresh();
});
byId("grant").addEventListener("click", () => {
  void api.permissions.request({ origins: ["https://*/*", "http://*/*"] });
});
for (const [input, store] of [["person", "people"], ["anchor", "anchors"]]) {
  byId(input).addEventListener("change", () => void importCertificates(input, store));
}
byId("list-file").addEventListener("change", () => void followList());
for (const input of ["mozilla", "revocation"]) byId(input).addEventListener("change", () => void changeSettings());
addEventListener("focus", () => void refresh());
// Before the lists: what comes late would move a button from under the pointer.
await addAdministration(byId("main"));
await refresh();

async function refresh() {
  const number = ++refreshes;
  const {
    keyFiles, people: imported, known, changes, requests, anchors, sites, decisions, settings, following, lockReason, preferences,
  } = await askThroughLock("keys.list");
  // An answer that was overtaken shows what may be gone by now.
  if (number !== refreshes) return;
  const isOpen = keyFiles.some((/** @type {ListedKeyFile} */ { locked }) => !locked);
  const state = isOpen ? text("stateUnlocked", text(`settingsIdle${preferences.idleMinutes}`)) : text(keyFiles.length ? "stateLocked" : "stateEmpty");
  const limits = { ...LIMITS, idleMilliseconds: preferences.idleMinutes * 60_000 };
  byId("state").textContent = isOpen ? state : `${lockedBecause(translate, lockReason, limits)} ${state}`.trim();
  byId("lock").hidden = !isOpen;
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.removal : undefined;
  drawList("key-files", keyFiles, (file) => keyFileCard(context, file));
  drawList("requests", requests, (waiting) => requestCard(context, waiting));
  drawOnce("people", [imported, known], () => people.show(imported, known));
  drawOnce("changes", changes, () => byId("changes").replaceChildren(...createChanges(translate, changes, refresh)));
  drawList("anchors", anchors, (info) => certificateCard(info, "anchors.remove"));
  drawList("followed", following ? [following] : [], listCard);
  drawList("sites", sites, siteCard);
  drawList("decisions", decisions, decisionCard);
  settleRemovals(focused);
  showPreferences(preferences);
  mozillaBox().checked = settings.mozilla;
  revocationChoice().value = settings.revocation;
  await showOwnAuthority();
  await showProposal();
}

/** A lock ends what is under way step by step, such a question too: it is asked once more. @param {string} type */
async function askThroughLock(type) {
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    const found = await ask(type).catch((error) => { if (error.code !== "locked") throw error; });
    if (found !== undefined) return found;
  }
  return ask(type);
}

/**
 * A list that did not change stays as it is: a click on it is not lost, what was opened or selected in it stays so.
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

/** What was proposed beside an opened field is decided here, once, in a dialog that no other page can cover. */
async function showProposal() {
  if (document.querySelector("dialog")) return;
  const certificate = await askThroughLock("trust.proposal");
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
    // Another one may have been proposed meanwhile.
    onClose: () => void ask("trust.drop", { fingerprint }).then(showProposal),
  });
}

async function changeSettings() {
  await ask("trust.settings", { mozilla: mozillaBox().checked, revocation: revocationChoice().value });
}

function mozillaBox() {
  return /** @type {HTMLInputElement} */ (byId("mozilla"));
}

function revocationChoice() {
  return /** @type {HTMLSelectElement} */ (byId("revocation"));
}

/** @param {CertificateInfo & {kind: string, acceptedFor: string[], acceptedAt: string}} decision */
function decisionCard(decision) {
  const { kind, acceptedFor, acceptedAt } = decision;
  const key = kind === "exact" ? "decisionExact" : "decisionAuthority";
  const reach = html("div", { class: "muted", text: text(key, isolate(acceptedFor.join(", ")), day(acceptedAt)) });
  return html("li", { class: "card", data: { test: "decision" } }, describeCertificate(decision, { notes: [reach] }),
    removeButton("trust.remove", decision.fingerprint, nameOf(decision)));
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
    await importProgress.during(button, async () => {
      const p12 = await file.arrayBuffer();
      await askWithSecrets("keys.import", { name: file.name, p12 }, { passphrase: passphrase.take() });
    });
    input.value = "";
    byId("keys-done").textContent = text("keysImported", file.name);
    await refresh();
  } catch (error) {
    if (/** @type {any} */ (error).code === "wrong-passphrase") passphrase.setError(errorText(error));
    else showProblem("keys-problem", error);
  }
}

/** The question about the authority of a key file that was brought in stays until it is answered. */
async function showOwnAuthority() {
  const proposed = await findOwnAuthority();
  // Drawn again, it would take the click that agrees to something else on the page.
  drawList("own-authority", proposed ? [proposed] : [], (one) => createOwnAuthority(one, { onAnswer: async (sentence) => {
    byId("keys-done").textContent = sentence ?? "";
    await refresh();
  } }));
}

/** @param {string} inputId @param {string} store */
async function importCertificates(inputId, store) {
  const input = /** @type {HTMLInputElement} */ (byId(inputId));
  showProblem(`${store}-problem`, null);
  byId(`${store}-done`).textContent = "";
  try {
    const counts = { added: 0, known: 0 };
    for (const file of input.files ?? []) {
      const { added, known } = await ask(`${store}.import`, { bytes: await file.arrayBuffer() });
      counts.added += added;
      counts.known += known;
    }
    byId(`${store}-done`).textContent = text("certificatesImported", counts.added, counts.known);
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

/** @param {import("./runtime/trust.js").Following} following */
function listCard({ list, problems }) {
  const warnings = problems.map((problem) => html("p", { class: "problem", text: text("listOver", errorText(problem)) }));
  if (!list) return html("li", { class: "card" }, html("div", { class: "who" }, ...warnings),
    removeButton("list.stop", "", text("listTitle")));
  const { name, operator, serialNumber, expires, anchors } = list;
  const lines = [text("listSignedBy", String(serialNumber), isolate(operator.name), day(expires)), text("listCompare")];
  const named = anchors.map(({ certificate, addresses }) => html("li", {
    dir: "auto", text: addresses.length ? text("listAnchorFor", isolate(certificate.name), isolate(addresses.join(", "))) : certificate.name,
  }));
  const who = html("div", { class: "who" }, html("div", { class: "name", text: name, dir: "auto" }),
    ...lines.map((line) => html("div", { class: "muted", text: line })),
    html("div", { class: "fingerprint", text: groupFingerprint(operator.fingerprint), dir: "ltr" }),
    html("details", { class: "muted" }, html("summary", { text: text("listAnchors") }), html("ul", {}, ...named)));
  return html("li", { class: "card" }, who, removeButton("list.stop", "", name));
}

/** @param {CertificateInfo} info @param {string} removal */
function certificateCard(info, removal) {
  return html("li", { class: "card" }, describeCertificate(info), removeButton(removal, info.fingerprint, nameOf(info)));
}

/** @param {{origin: string, since: string}} site */
function siteCard({ origin, since }) {
  const who = html("div", { class: "who" }, html("div", { class: "name", text: origin, dir: "ltr" }),
    html("div", { class: "muted", text: text("siteSince", day(since)) }));
  return html("li", { class: "card" }, who, removeButton("sites.remove", origin, origin));
}

/** @param {string} type @param {string} id @param {string} name */
function removeButton(type, id, name) {
  return createRemoveButton(type, id, name, refresh);
}
