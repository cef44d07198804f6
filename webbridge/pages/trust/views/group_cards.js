/** The groups of the view "People and trust": a name for several addresses, which is typed under To. */

import { createForm, html, inputField, openDialog, problem, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { isAddress, isolate, listOf } from "../../../../wasm_build/ui/formats.js";
import { RecipientLine } from "../../../../wasm_build/ui/recipient_line.js";
import { RecipientsField } from "../../../../wasm_build/ui/recipients_field.js";
import { groupName, isGroupName, MAX_GROUPS, MAX_MEMBERS } from "../address_book.js";
import { showRecipient } from "../certificate_dialog.js";
import { Directory } from "../directory.js";
import { writeTo } from "./people_cards.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../../app/services.js").Write} Write */
/** @typedef {import("../certificate_dialog.js").CertificateServices} CertificateServices */
/**
 * @typedef {{
 *   translate: Catalogue, trust: TrustKeeper, api: BridgeApi, mailVault: MailVault, write: Write,
 * } & CertificateServices} GroupServices
 */
/** @typedef {import("../address_book.js").Group} Group */
/** @typedef {import("./people_view.js").Change} Change */

/** The number of members that are shown. Further members are only counted. */
const MAX_NAMED = 5;

/**
 * @param {GroupServices} services
 * @param {Group[]} groups
 * @param {Change} change
 */
export function createGroups(services, groups, change) {
  const { translate } = services;
  return html(
    "section",
    { class: "stack", data: { test: "groups" } },
    html("h2", { text: translate("groups_heading") }),
    html("p", { class: "field-hint", text: translate("groups_meaning") }),
    html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("group_make"), data: { test: "group-make" },
      on: { click: () => openGroup(services, change, { members: [] }) },
    })),
    groups.length > 0
      ? html("ul", { class: "cards" }, ...groups.map((group) => createGroup(services, group, change)))
      : html("p", { class: "empty", text: translate("groups_none") }),
  );
}

/** @param {GroupServices} services @param {Group} group @param {Change} change */
function createGroup(services, { name, members }, change) {
  const { translate, trust } = services;
  const named = members.slice(0, MAX_NAMED).map((address) => isolate(trust.book.nameOf(address) || address));
  const more = members.length - named.length;
  const names = listOf(more > 0 ? [...named, translate("group_more", { count: more })] : named, translate);
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) => html("button", {
    type: "button", text: translate(key), "aria-label": translate(`${key}_named`, { name }), data: { test }, on: { click },
  });
  return html(
    "li",
    { class: "card", data: { test: "group", group: name } },
    html("h3", { class: "card-title", dir: "auto", text: name }),
    html("p", { text: members.length > 0 ? translate("group_members", { count: members.length, names }) : translate("group_empty") }),
    html(
      "div", { class: "actions" },
      button("person_write", "group-write", () => writeTo(services, { groups: [name] })),
      button("group_edit", "group-edit", () => openGroup(services, change, { name, members })),
      button("remove", "group-remove", () =>
        void change(async () => trust.book.removeGroup(name), translate("group_removed", { name: isolate(name) }))),
    ),
  );
}

/**
 * The dialog for a new or an existing group.
 * @param {GroupServices} services @param {Change} change @param {{name?: string, members: string[]}} group without `name`
 *   the group is new
 * @param {() => void} [onSaved] called before the view is drawn again
 */
export function openGroup(services, change, { name: before, members }, onSaved) {
  const { translate, trust, api, mailVault } = services;
  const titleId = uniqueId("group");
  const failure = problem("group-error");
  const name = inputField(translate("group_name"), { type: "text", autocomplete: "off", dir: "auto", maxlength: 100, data: { test: "group-name" } });
  const line = new RecipientLine(new Directory(api.certificates, mailVault));
  const field = new RecipientsField(translate, line, {
    label: translate("group_members_label"), test: "group-members",
    known: () => mailVault.contacts().catch(() => []), onDetails: (address, check) => void showRecipient(services, address, check),
  });
  name.input.value = before ?? "";
  for (const address of members) line.add({ name: trust.book.nameOf(address), address });
  const save = async () => {
    line.commit();
    await line.read();
    const group = { name: groupName(name.input.value), members: line.addresses };
    failure.textContent = whyNot(services, group, before) ?? "";
    if (failure.textContent) return;
    dialog.close();
    onSaved?.();
    return change(async () => trust.book.keepGroup(group, before), translate("group_saved", { name: isolate(group.name) }));
  };
  const dialog = openDialog(
    { titleId, test: "group-dialog" },
    html("h2", { id: titleId, text: translate(before === undefined ? "group_make" : "group_edit") }),
    createForm(
      { class: "stack" }, save, name.element, field.element, html("p", { class: "field-hint", text: translate("group_members_hint") }), failure,
      html(
        "div", { class: "actions" },
        html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } }),
        html("button", { class: "primary", type: "submit", text: translate("group_save"), data: { test: "group-save" } }),
      ),
    ),
  );
  name.input.focus();
}

/**
 * The sentence that says why a group cannot be kept; null if it can.
 * @param {GroupServices} services @param {Group} group @param {string | undefined} before its name until now
 */
function whyNot({ translate, trust: { book } }, { name, members }, before) {
  const other = book.findGroup(name);
  const wrong = members.find((address) => !isAddress(address));
  if (!isGroupName(name)) return translate("group_name_wrong");
  if (other && other.name !== before) return translate("group_name_taken", { name: isolate(other.name) });
  if (wrong !== undefined) return translate("obstacle_address", { address: isolate(wrong) });
  if (members.length === 0) return translate("group_no_members");
  if (members.length > MAX_MEMBERS) return translate("group_too_many", { count: MAX_MEMBERS });
  if (before === undefined && book.groups.length >= MAX_GROUPS) return translate("groups_too_many", { count: MAX_GROUPS });
  return null;
}
