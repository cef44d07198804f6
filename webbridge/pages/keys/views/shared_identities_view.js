/** The part of the keys' view about identities that several people share: who owns them, adding their keys, and leaving. */

import { disturb } from "../../../../wasm_build/ui/calm.js";
import { createForm, html, openDialog, problem, sentenceNodes, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { dayOnly, isolate } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { sharedIdentitiesOf } from "../shared_identities.js";
import { openCreating } from "./shared_forms.js";
import { createSharedPeople } from "./shared_people.js";
import { codeOf, fail, listSentence, people, sharedSentence, titleOf } from "./shared_words.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../shared_identities.js").SharedIdentityServices} SharedIdentityServices */
/** @typedef {import("./shared_people.js").SharedPeopleServices} SharedPeopleServices */
/**
 * @typedef {{
 *   translate: Catalogue, announce: Announce,
 * } & SharedIdentityServices & SharedPeopleServices} SharedIdentitiesServices
 */
/** @typedef {import("../shared_identities.js").SharedIdentities} SharedIdentities */
/** @typedef {import("../../../../wasm_build/vault/account/key_account.js").KeyAccount} KeyAccount */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").ListedGroup} ListedGroup */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").GroupRefusal} GroupRefusal */
/** @typedef {import("../../../../wasm_build/ui/recipient_words.js").Certificate} Certificate */

/**
 * @param {SharedIdentitiesServices} services
 * @param {KeyAccount} account
 * @returns {import("../../../../wasm_build/ui/key_account_view.js").LoadedPart}
 */
export function createSharedIdentities(services, account) {
  const { translate } = services;
  const shared = sharedIdentitiesOf(services, account);
  const failure = problem("shared-error");
  const list = html("ul", { class: "cards", data: { test: "shared-list" } });
  const none = html("p", { class: "field-hint", text: translate("shared_none") });
  const element = html(
    "section",
    { class: "stack", "aria-labelledby": "shared-title", "aria-busy": "true", data: { test: "shared-identities" } },
    html("h2", { id: "shared-title", text: translate("shared_title") }),
    html("p", { class: "lede", text: translate("shared_meaning") }),
    failure, none, list,
    html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("shared_create"), data: { test: "shared-create-open" }, on: { click: () => openCreating(services, shared) },
    })),
  );
  let drawn = "";
  const draw = () => {
    const { rows, problem: error } = shared;
    failure.textContent = error ? listSentence(services, error) : "";
    none.hidden = rows === null || rows.length > 0;
    // The text that a person types into a card stays as long as nothing has changed.
    const next = JSON.stringify((rows ?? []).map((row) => [row, problemOf(services, shared, row)]));
    if (next === drawn && shared.inFocus === null) return;
    drawn = next;
    const focused = shared.inFocus ?? idOf(document.activeElement, list);
    list.replaceChildren(...(rows ?? []).map((row) => createIdentity(services, shared, row)));
    if (focused === null) return;
    // A new view is put into the document after this function, so the focus is moved later.
    queueMicrotask(() => focusIdentity(shared, list, focused));
  };
  draw();
  shared.addEventListener("change", draw);
  const isKnown = shared.rows !== null;
  const loading = shared.load().finally(() => element.setAttribute("aria-busy", "false"));
  return { element, loaded: isKnown ? Promise.resolve() : loading, clear: () => shared.removeEventListener("change", draw) };
}

/** @param {SharedIdentities} shared @param {HTMLElement} list @param {string} id */
function focusIdentity(shared, list, id) {
  if (!list.isConnected) return;
  shared.inFocus = null;
  [...list.children].find((child) => idOf(child, list) === id)?.querySelector("h3")?.focus();
}

/** The id of the identity in whose card an element is. @param {Element | null} element @param {HTMLElement} list */
function idOf(element, list) {
  const card = element && list.contains(element) ? element.closest("li[data-id]") : null;
  return card instanceof HTMLElement ? card.dataset["id"] ?? null : null;
}

/**
 * @param {SharedIdentitiesServices} services @param {SharedIdentities} shared @param {ListedGroup} row
 * @returns {{code: string, text: string} | null}
 */
function problemOf(services, shared, row) {
  const error = shared.problemOf(row.id) ?? row.problem;
  return error ? { code: codeOf(error), text: sharedSentence(services, error, row) } : null;
}

/** @param {SharedIdentitiesServices} services @param {SharedIdentities} shared @param {ListedGroup} row */
function createIdentity(services, shared, row) {
  const { translate } = services;
  const { id, owner, name, addresses, isOwn, state } = row;
  const trouble = problemOf(services, shared, row);
  // The error is announced once, although the list is drawn again with each change.
  const failure = trouble ? html("p", { class: "problem", data: { test: "shared-problem", code: trouble.code } }, ...sentenceNodes(trouble.text)) : null;
  const titleId = uniqueId("shared");
  const isIn = state !== "left";
  const taking = isIn && !row.problem && state !== "taken" ? createTaking(services, shared, row, titleId) : null;
  const ending = isIn ? createEnding(services, shared, row, titleId) : null;
  return html(
    "li",
    { class: "card stack", data: { test: "shared", id, state } },
    html("h3", { id: titleId, class: "card-title", tabindex: -1 }, html("bdi", { text: titleOf(translate, row) })),
    addresses.length > 0 ? html("p", {}, html("bdi", { text: addresses.join(", ") })) : null,
    html("p", { text: isOwn ? translate("shared_owned") : translate("shared_owned_by", { owner: isolate(owner) }) }),
    html("p", { class: "note", text: translate(`shared_state_${state}`), data: { test: "shared-state" } }),
    failure,
    taking || ending ? html("div", { class: "actions" }, taking, ending) : null,
    isIn && name !== null ? createSharedPeople(services, shared, row) : null,
  );
}

/** @param {SharedIdentitiesServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {string} titleId */
function createTaking(services, shared, row, titleId) {
  const { translate } = services;
  const button = html("button", {
    class: "primary", type: "button", text: translate(row.state === "newer" ? "shared_take_newer" : "shared_take"), data: { test: "shared-take" },
    "aria-describedby": titleId, on: { click: () => void whileBusy(button, translate("shared_taking"), () => take(services, shared, row)) },
  });
  return button;
}

/** @param {SharedIdentitiesServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {string} [accepted] */
async function take(services, shared, row, accepted) {
  const { translate } = services;
  shared.inFocus = row.id;
  try {
    const { group, refusal } = await shared.take(row.id, accepted);
    shared.setProblem(row.id, refusal);
    if (refusal?.acceptable) openAgreement(services, shared, row, refusal, refusal.acceptable);
    else if (refusal) services.announce(sharedSentence(services, refusal, row));
    if (!group) return;
    // Removed people who still have the key are named above the list of people.
    if (group.removed.length > 0) shared.opened.add(row.id);
    const who = group.removed.length > 0 ? translate("shared_still_with_key", { people: people(translate, group.removed), address: isolate(group.addresses.join(", ")) }) : "";
    services.announce(`${translate("shared_taken", { name: isolate(group.name) })} ${who}`.trim());
  } catch (error) {
    await fail(services, shared, row, error);
  }
}

/**
 * Asks the person to compare the certificate of an owner, because it is not trusted or has changed.
 * @param {SharedIdentitiesServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {GroupRefusal} refusal
 * @param {Certificate} certificate
 */
function openAgreement(services, shared, row, refusal, { subject, issuer, notBefore, notAfter, fingerprint }) {
  const { translate } = services;
  const titleId = uniqueId("agree");
  const owner = isolate(row.owner);
  const compared = html("input", { type: "checkbox", data: { test: "shared-compared" } });
  const failure = problem("shared-agree-problem");
  const go = html("button", { class: "primary", type: "submit", text: translate("shared_take"), data: { agrees: "", test: "shared-agree" } });
  const submit = () => {
    failure.textContent = compared.checked ? "" : translate("accept_compare_first");
    if (!compared.checked) return compared.focus();
    dialog.close();
    void take(services, shared, row, fingerprint);
  };
  const dialog = openDialog({ titleId, test: "shared-agreement" }, createForm(
    {}, submit,
    html("h2", { id: titleId, text: translate("shared_agree_title", { owner }) }),
    html("p", {}, ...sentenceNodes(sharedSentence(services, refusal, row))),
    html("p", { text: translate("shared_agree_meaning", { owner }) }),
    createFacts([
      [translate("accept_subject"), subject],
      [translate("certificate_row_issuer"), issuer],
      [translate("valid"), `${dayOnly(notBefore)} – ${dayOnly(notAfter)}`],
    ], [translate("fingerprint_sha256"), fingerprint]),
    html("label", { class: "check" }, compared, html("span", { text: translate("accept_compared") })),
    failure,
    html("div", { class: "actions" }, go, html("button", { type: "button", text: translate("shared_take_not"), on: { click: () => dialog.close() } })),
  ));
  disturb();
}

/**
 * The button with which the person leaves somebody else's identity, or deletes one that they own. An identity whose key is
 * not among the person's keys cannot be deleted, because the key would be lost.
 * @param {SharedIdentitiesServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {string} titleId
 */
function createEnding(services, shared, row, titleId) {
  if (row.isOwn && row.state !== "taken") return null;
  const { translate } = services;
  const { id, isOwn, owner, addresses } = row;
  const hasKey = row.name !== null;
  const name = isolate(titleOf(translate, row));
  const [words, test] = isOwn ? ["shared_delete", "shared-delete"] : ["shared_leave", "shared-leave"];
  const left = hasKey ? "shared_left" : "shared_refused";
  const end = () => whileBusy(button, translate("working"), async () => {
    shared.inFocus = id;
    try {
      await shared.end(id);
      shared.setProblem(id, null);
      services.announce(translate(isOwn ? "shared_deleted" : left, { name }));
    } catch (error) {
      await fail(services, shared, row, error);
    }
  });
  const askFirst = () => ask({
    title: translate(`${words}_title`, { name }),
    meaning: translate(hasKey ? `${words}_meaning` : "shared_leave_new_meaning", { owner: isolate(owner), address: isolate(addresses.join(", ")) }),
    keep: translate(isOwn ? "keep" : "shared_stay"), go: translate(`${words}_go`), test: `${test}-go`, onGo: () => void end(),
  });
  const button = html("button", {
    type: "button", text: translate(words), "aria-describedby": titleId, data: { test }, on: { click: askFirst },
  });
  return button;
}
