/**
 * Compares the settings of a backup with those of this browser. A weaker setting is restored only if the person ticks
 * the settings, since somebody else may have made the file.
 */

import { IS_WEAKER as WEAKER_IF_ROAMING } from "../../../wasm_build/vault/account/roaming_settings.js";

/** @typedef {Pick<import("./backup_format.js").Backup, "trust" | "preferences" | "pattern">} Chosen */

/** @typedef {Chosen["trust"] & Chosen["preferences"] & Pick<Chosen, "pattern">} Flat */

/**
 * Whether the value in the backup (`there`) is weaker than the value `here`.
 * @type {{[Name in keyof Flat]: (here: Flat[Name], there: Flat[Name]) => boolean}}
 */
const IS_WEAKER = {
  mozilla: WEAKER_IF_ROAMING.mozilla,
  revocation: WEAKER_IF_ROAMING.revocation,
  idleMinutes: (here, there) => there > here,
  harvest: WEAKER_IF_ROAMING.harvest,
  strict: WEAKER_IF_ROAMING.strict,
  // Another directory counts as weaker, because it learns which addresses are looked up, and proposes certificates.
  directory: (here, there) => there !== "" && there !== here,
  // The maker of the file knows this pattern. A page that knows the pattern can imitate a private window.
  pattern: (here, there) => there !== here,
};

/** The settings of the backup that are weaker than those of this browser. @param {Chosen} here @param {Chosen} there */
export function weakenings(here, there) {
  const [known, offered] = [flat(here), flat(there)];
  const names = /** @type {(keyof Flat)[]} */ (Object.keys(IS_WEAKER));
  return names.filter((name) => isWeaker(name, known, offered)).map((name) => ({ setting: name, value: offered[name] }));
}

/** @template {keyof Flat} N @param {N} name @param {Flat} here @param {Flat} there */
function isWeaker(name, here, there) {
  return IS_WEAKER[name](here[name], there[name]);
}

/**
 * The settings of the backup, with each weaker setting replaced by the setting of this browser.
 * @param {Chosen} here @param {Chosen} there
 * @returns {Chosen}
 */
export function withoutWeakenings(here, there) {
  const weakenedSettings = new Set(weakenings(here, there).map(({ setting }) => setting));
  const choose = (/** @type {keyof Flat} */ name) => (weakenedSettings.has(name) ? here : there);
  return {
    trust: { mozilla: choose("mozilla").trust.mozilla, revocation: choose("revocation").trust.revocation },
    preferences: {
      idleMinutes: choose("idleMinutes").preferences.idleMinutes, harvest: choose("harvest").preferences.harvest,
      strict: choose("strict").preferences.strict, directory: choose("directory").preferences.directory,
    },
    pattern: choose("pattern").pattern,
  };
}

/** @param {Chosen} chosen @returns {Flat} */
function flat({ trust, preferences, pattern }) {
  return { ...trust, ...preferences, pattern };
}
