/** The people who share an identity, closed at first. Its owner removes and adds people here. */

import { createForm, html, inputField, problem, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { dayOnly, isAddress, isolate, sameAddress } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { recipientState } from "../../../../wasm_build/ui/recipient_words.js";
import { readableName } from "../../../../wasm_build/ui/shown_names.js";
import { Directory } from "../../trust/directory.js";
import { openRenewing } from "./shared_forms.js";
import { fail, people, sharedSentence } from "./shared_words.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../mail_vault.js").MailVault} MailVault */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("./shared_forms.js").SharedFormServices} SharedFormServices */
/**
 * @typedef {{
 *   translate: Catalogue, address: string | null, api: BridgeApi, mailVault: MailVault, attempt: Attempt,
 *   announce: Announce,
 * } & SharedFormServices} SharedPeopleServices
 */
/** @typedef {import("../shared_identities.js").SharedIdentities} SharedIdentities */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").ListedGroup} ListedGroup */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").OpenedGroup} OpenedGroup */
/** @typedef {import("../../../../wasm_build/vault/types/verbs.js").GroupMember} GroupMember */

/** @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {ListedGroup} row */
export function createSharedPeople(services, shared, row) {
  const { translate } = services;
  const failure = problem("shared-people-problem");
  const place = html("div", { class: "stack" });
  const load = async () => {
    if (place.childElementCount > 0) return;
    failure.textContent = "";
    place.replaceChildren(html("p", { text: translate("loading") }));
    try {
      const { group, refusal } = await shared.open(row.id);
      place.replaceChildren(...(group ? drawPeople(services, shared, row, group) : []));
      if (refusal) failure.textContent = sharedSentence(services, refusal, row);
    } catch (error) {
      place.replaceChildren();
      failure.textContent = sharedSentence(services, error, row);
    }
  };
  const toggle = () => {
    if (!element.open) return void shared.opened.delete(row.id);
    shared.opened.add(row.id);
    void load();
  };
  const element = html(
    "details", { class: "details", data: { test: "shared-people" }, on: { toggle } },
    html("summary", { text: translate("shared_people") }), html("div", { class: "stack" }, failure, place),
  );
  element.open = shared.opened.has(row.id);
  return element;
}

/** @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {OpenedGroup} group */
function drawPeople(services, shared, row, group) {
  const { translate } = services;
  const words = { people: people(translate, group.removed), address: isolate(group.addresses.join(", ")) };
  return [
    group.removed.length === 0 ? null : html("p", {
      class: "problem", text: translate(group.isOwn ? "shared_still_with_key_own" : "shared_still_with_key", words), data: { test: "shared-removed" },
    }),
    html("ul", { class: "shared-people" }, ...group.members.map((member) => createMember(services, shared, row, group, member))),
    group.isOwn ? createAdding(services, shared, row, group) : null,
    group.isOwn
      ? createRenewing(services, shared, group)
      : createFacts([[translate("shared_owner_certificate"), readableName(group.certificate.subject)]], [translate("fingerprint_sha256"), group.certificate.fingerprint]),
  ].filter((part) => part !== null);
}

/**
 * @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {OpenedGroup} group
 * @param {GroupMember} member
 */
function createMember(services, shared, row, group, { user, notAfter, isOwner, hasLeft }) {
  const { translate } = services;
  const userId = uniqueId("member");
  const words = [
    sameAddress(user, services.address ?? "") ? translate("you") : "",
    isOwner ? translate("shared_owner") : "",
    hasLeft ? translate("shared_has_left") : translate("shared_certificate_until", { date: dayOnly(notAfter) }),
  ];
  return html(
    "li",
    { data: { test: "shared-member", user } },
    html("div", {}, html("div", { id: userId }, html("bdi", { text: user })), html("div", { class: "field-hint", text: words.filter(Boolean).join(" · ") })),
    group.isOwn && !isOwner ? createRemoving(services, shared, row, group, user, userId) : null,
  );
}

/**
 * @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {OpenedGroup} group
 * @param {string} user @param {string} userId
 */
function createRemoving(services, shared, row, group, user, userId) {
  const { translate } = services;
  const words = { user: isolate(user), name: isolate(group.name), address: isolate(group.addresses.join(", ")) };
  const remove = () => whileBusy(button, translate("working"), () =>
    change(services, shared, row, { removed: [user] }, translate("shared_removed", words)));
  const button = html("button", {
    type: "button", text: translate("remove_ask"), "aria-describedby": userId, data: { test: "shared-remove" },
    on: {
      click: () => ask({
        title: translate("shared_remove_title", words), meaning: translate("shared_remove_meaning", words),
        keep: translate("cancel"), go: translate("remove"), test: "shared-remove-go", isDanger: true, onGo: () => void remove(),
      }),
    },
  });
  return button;
}

/** @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {ListedGroup} row @param {OpenedGroup} group */
function createAdding(services, shared, row, { name, members }) {
  const { translate, api, mailVault } = services;
  const field = inputField(translate("shared_add_label"), {
    type: "email", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr", maxlength: 254, data: { test: "shared-add-address" },
  }, { hint: translate("shared_add_hint") });
  const failure = problem("shared-add-problem");
  const button = html("button", { type: "submit", text: translate("add"), data: { test: "shared-add" } });
  const send = () => services.attempt(button, translate("working"), failure, async () => {
    const user = field.input.value.trim();
    const refuse = (/** @type {string} */ text) => {
      failure.textContent = text;
      field.input.focus();
    };
    if (!isAddress(user)) return refuse(translate("shared_add_no_address"));
    if (members.some((member) => member.isOwner && sameAddress(member.user, user))) return refuse(translate("shared_add_yourself"));
    const finding = await new Directory(api.certificates, mailVault).find(user);
    const check = "check" in finding ? finding.check : null;
    if (finding.readiness !== "ready" || !check) {
      const why = check ? recipientState(translate, check, dayOnly).word : "";
      return refuse(translate(check ? "shared_add_unusable" : "shared_add_none", { user: isolate(user), why }));
    }
    const sentence = translate("shared_added", { user: isolate(user), name: isolate(name) });
    await change(services, shared, row, { added: [{ user, certificate: check.certificate }] }, sentence);
  });
  return createForm(
    { class: "stack", data: { test: "shared-add-form" } }, send,
    field.element, failure, html("div", { class: "actions" }, button),
  );
}

/** @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {OpenedGroup} group */
function createRenewing(services, shared, { id, name, addresses }) {
  return html("div", { class: "actions" }, html("button", {
    type: "button", text: services.translate("shared_renew"), data: { test: "shared-renew-open" },
    on: { click: () => openRenewing(services, shared, { id, name, address: addresses.join(", ") }) },
  }));
}

/**
 * @param {SharedPeopleServices} services @param {SharedIdentities} shared @param {ListedGroup} row
 * @param {Parameters<SharedIdentities["change"]>[1]} changes @param {string} sentence
 */
async function change(services, shared, row, changes, sentence) {
  const { translate } = services;
  shared.inFocus = row.id;
  try {
    const { gone } = await shared.change(row.id, changes);
    shared.setProblem(row.id, null);
    const left = gone.length > 0 ? translate("shared_gone", { people: people(translate, gone) }) : "";
    services.announce(`${sentence} ${left}`.trim());
  } catch (error) {
    await fail(services, shared, row, error);
  }
}
