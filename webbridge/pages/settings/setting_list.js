/**
 * The settings by section: the address of each, and the texts by which the person finds it.
 *
 * The path of a section is `/settings/SECTION`, and that of a setting `/settings/SECTION/SETTING`.
 */

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {"account" | "keys" | "devices" | "people" | "reading" | "writing" | "notifications" | "language" | "expert"} SectionName */
/** `words` are the keys of texts that the search reads besides the title. @typedef {{name: string, titleKey: string, words?: string[]}} Setting */
/** @typedef {{name: SectionName, titleKey: string, settings: Setting[]}} Section */
/** @typedef {{path: string, title: string, section: string}} FoundSetting */

/** @type {Section[]} */
export const SECTIONS = [
  {
    name: "account", titleKey: "account_title",
    settings: [{ name: "signed-in", titleKey: "setting_signed_in", words: ["sign_out", "accounts_title"] }],
  },
  {
    name: "keys", titleKey: "section_keys",
    settings: [
      { name: "own-keys", titleKey: "setting_own_keys", words: ["unlock_keys", "fact_subject", "fingerprint_sha256"] },
      { name: "passkey", titleKey: "passkey_unlock", words: ["passkey_meaning"] },
      { name: "reload", titleKey: "setting_reload", words: ["reload_label", "reload_hint"] },
      {
        name: "key-account", titleKey: "key_account_title",
        words: ["passphrase_change", "recovery_code", "recovery_code_meaning", "factors_title", "key_add", "key_account_remove"],
      },
      { name: "shared", titleKey: "shared_title", words: ["shared_meaning"] },
      { name: "strict", titleKey: "setting_strict", words: ["strict", "strict_hint"] },
    ],
  },
  {
    name: "devices", titleKey: "section_devices",
    settings: [
      { name: "sessions", titleKey: "sessions_title", words: ["sessions_meaning", "sign_out"] },
      { name: "key-devices", titleKey: "setting_key_devices", words: ["device_revoke", "device_revoke_meaning"] },
    ],
  },
  {
    name: "people", titleKey: "section_people",
    settings: [
      { name: "contacts", titleKey: "people_title", words: ["setting_people_meaning"] },
      { name: "accepted", titleKey: "decisions_heading", words: ["decisions_meaning"] },
      { name: "operator", titleKey: "operator_heading", words: ["operator_meaning"] },
    ],
  },
  {
    name: "reading", titleKey: "section_reading",
    settings: [
      { name: "receipts", titleKey: "receipts_title", words: ["receipts_meaning", "receipts_never"] },
      { name: "filters", titleKey: "filters_title", words: ["filters_meaning", "vacation_title"] },
      { name: "search", titleKey: "index_title", words: ["index_meaning", "index_switch"] },
      { name: "offline", titleKey: "offline_title", words: ["offline_meaning", "offline_switch"] },
    ],
  },
  {
    name: "writing", titleKey: "writing_title",
    settings: [
      { name: "signature", titleKey: "letter_signature_title", words: ["letter_signature_hint"] },
      { name: "copies", titleKey: "copies_title", words: ["copy_label_all", "copy_hint_all"] },
      { name: "undo-send", titleKey: "undo_send_label", words: ["undo_send_hint"] },
      { name: "clear", titleKey: "clear_heading", words: ["clear_meaning", "clear_never_label"] },
    ],
  },
  {
    name: "notifications", titleKey: "section_notifications",
    settings: [{ name: "new-mail", titleKey: "new_mail_title", words: ["new_mail_meaning", "notices_switch", "notices_meaning", "push_switch"] }],
  },
  { name: "language", titleKey: "language", settings: [{ name: "language", titleKey: "language" }] },
  {
    name: "expert", titleKey: "section_expert",
    settings: [
      { name: "shortcuts", titleKey: "shortcuts_title", words: ["shortcuts_switch_meaning"] },
      { name: "memory", titleKey: "setting_memory", words: ["setting_memory_meaning"] },
    ],
  },
];

/** @param {string} section @param {string} [setting] */
export function settingPath(section, setting) {
  return `/settings/${section}${setting ? `/${setting}` : ""}`;
}

/** The section with this name; undefined if there is none. @param {string} name */
export function findSection(name) {
  return SECTIONS.find((section) => section.name === name);
}

/**
 * The settings whose texts have every word of `typed`, in the present language.
 * @param {Catalogue} translate @param {string} typed @returns {FoundSetting[]}
 */
export function findSettings(translate, typed) {
  const wanted = comparable(typed).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  return SECTIONS.flatMap((section) => section.settings.map((setting) => ({ section, setting })))
    .filter(({ section, setting }) => {
      const texts = comparable([section.titleKey, setting.titleKey, ...setting.words ?? []].map((key) => translate(key)).join(" "));
      return wanted.every((word) => texts.includes(word));
    })
    .map(({ section, setting }) => ({
      path: settingPath(section.name, setting.name), title: translate(setting.titleKey), section: translate(section.titleKey),
    }));
}

/** The text without case and accents. @param {string} text */
function comparable(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
