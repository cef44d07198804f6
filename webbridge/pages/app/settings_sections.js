/** The settings of each section, from the views of every subject. `settings/setting_list.js` has their addresses and words. */

import { html } from "../../../wasm_build/ui/dom.js";
import { createSessions } from "../account/views/sessions_section.js";
import { createSignedIn } from "../account/views/signed_in_section.js";
import { createOwnDevices, createOwnKeys } from "../keys/views/own_keys.js";
import { chooseNoReceipts, givesNoReceipts } from "../reading/receipt_choice.js";
import { createLanguageMenu } from "../settings/language_menu.js";
import { createChoice } from "../settings/views/choice_section.js";
import { createFiltersSection } from "../settings/views/filters_section.js";
import { createIndexSection } from "../settings/views/index_section.js";
import { createNewMailForm } from "../settings/views/new_mail_form.js";
import { createOfflineSection } from "../settings/views/offline_section.js";
import { createUndoSendChoice } from "../settings/views/undo_send_choice.js";
import { createSettingsView } from "../settings/views/settings_view.js";
import { createClearChoices } from "../trust/views/clear_choices_list.js";
import { createTrustSettings } from "../trust/views/trust_settings.js";
import { createCopies } from "../writing/views/copies_section.js";
import { createSignatureForm } from "../writing/views/signature_form.js";
import { chooseShortcuts, hasShortcuts } from "./shortcuts.js";
import { createMemoryNote } from "./views/vault_line.js";

/** @typedef {import("../settings/views/settings_view.js").SettingPart} SettingPart */
/**
 * @typedef {Parameters<typeof createSettingsView>[0] & Parameters<typeof createSessions>[0]
 *   & Parameters<typeof createSignedIn>[0] & Parameters<typeof createOwnKeys>[0] & Parameters<typeof createChoice>[0]
 *   & Parameters<typeof createFiltersSection>[0] & Parameters<typeof createIndexSection>[0] & Parameters<typeof createNewMailForm>[0]
 *   & Parameters<typeof createOfflineSection>[0] & Parameters<typeof createTrustSettings>[0]
 *   & Parameters<typeof createCopies>[0] & Parameters<typeof createSignatureForm>[0]
 *   & Parameters<typeof createUndoSendChoice>[0] & Parameters<typeof createClearChoices>[0] & Parameters<typeof createLanguageMenu>[0] & Parameters<typeof createMemoryNote>[0]
 *   & {useLanguage: import("./services.js").UseLanguage}} AllSettingsServices
 */

/**
 * The view of the settings that the page's address names.
 * @param {AllSettingsServices} services @param {import("../settings/views/settings_view.js").SettingsPlace} place
 */
export function createAllSettings(services, place) {
  return createSettingsView(services, {
    account: () => [{ name: "signed-in", element: createSignedIn(services) }],
    keys: () => createOwnKeys(services),
    devices: () => [{ name: "sessions", element: createSessions(services) }, createOwnDevices(services)],
    people: () => trustParts(services),
    reading: () => [
      { name: "receipts", element: createReceiptsChoice(services) },
      { name: "filters", element: services.api.filters.isOffered ? createFiltersSection(services).element : null },
      { name: "search", ...createIndexSection(services) }, { name: "offline", ...createOfflineSection(services) },
    ],
    writing: () => [
      { name: "signature", ...createSignatureForm(services) }, { name: "copies", element: createCopies(services) },
      { name: "undo-send", element: createUndoSendChoice(services) }, { name: "clear", element: createClearChoices(services) },
    ],
    notifications: () => [{ name: "new-mail", ...createNewMailForm(services) }],
    language: () => [{ name: "language", element: createLanguageMenu(services, (language) => services.useLanguage(language)) }],
    expert: () => [{ name: "shortcuts", element: createShortcutsChoice(services) }, { name: "memory", ...createMemoryNote(services) }],
  }, place);
}

/** @param {AllSettingsServices} services @returns {SettingPart[]} */
function trustParts(services) {
  const { translate } = services;
  const { accepted, operator, close } = createTrustSettings(services);
  const contacts = html(
    "section", { class: "stack", "aria-labelledby": "contacts-title" },
    html("h2", { id: "contacts-title", text: translate("people_title") }),
    html("p", { class: "lede", text: translate("setting_people_meaning") }),
    html("div", { class: "actions" }, html("a", { class: "button", href: "#/people", text: translate("people_title"), data: { test: "settings-contacts" } })),
  );
  return [{ name: "contacts", element: contacts }, { name: "accepted", element: accepted, close }, { name: "operator", element: operator }];
}

/** @param {AllSettingsServices} services */
function createReceiptsChoice(services) {
  return createChoice(services, {
    id: "receipts-title", title: "receipts_title", meaning: "receipts_meaning", label: "receipts_never", test: "receipts-never",
    isOn: givesNoReceipts(), choose: chooseNoReceipts,
  });
}

/** @param {AllSettingsServices} services */
function createShortcutsChoice(services) {
  return createChoice(services, {
    id: "shortcuts-title", title: "shortcuts_title", meaning: "shortcuts_switch_meaning", label: "shortcuts_title", test: "shortcuts-switch",
    isOn: hasShortcuts(), choose: chooseShortcuts,
  });
}
