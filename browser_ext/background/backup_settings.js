/**
 * The settings of a backup beside those that are here. A setting that would weaken something comes only when the person
 * has ticked the settings; whoever made the file chose it.
 */

/** @typedef {Pick<import("./backup_format.js").Backup, "trust" | "preferences" | "pattern">} Chosen */

/** Each is weaker than the one before. */
const REVOCATION = ["required", "if-known", "not-checked"];

/** Whether the value there is weaker than the value here. @type {Record<string, (here: any, there: any) => boolean>} */
const IS_WEAKER = {
  mozilla: (here, there) => there && !here,
  revocation: (here, there) => REVOCATION.indexOf(there) > REVOCATION.indexOf(here),
  idleMinutes: (here, there) => there > here,
  // Verified senders are kept for later.
  harvest: (here, there) => there && !here,
  strict: (here, there) => here && !there,
  // A directory learns who is written to, and proposes certificates.
  directory: (here, there) => there !== "" && there !== here,
  // A page that knows the pattern can draw a private window.
  pattern: (here, there) => there !== here,
};

/** @param {unknown} value */
export function isRevocation(value) {
  return typeof value === "string" && REVOCATION.includes(value);
}

/**
 * The settings there that are weaker than those here.
 * @param {Chosen} here @param {Chosen} there
 * @returns {{setting: string, value: string | number | boolean}[]}
 */
export function weakenings(here, there) {
  const [known, offered] = [flat(here), flat(there)];
  return Object.keys(IS_WEAKER).filter((name) => IS_WEAKER[name](known[name], offered[name]))
    .map((name) => ({ setting: name, value: offered[name] }));
}

/**
 * The settings there, but those here where they are weaker.
 * @param {Chosen} here @param {Chosen} there
 * @returns {Chosen}
 */
export function withoutWeakenings(here, there) {
  const kept = new Set(weakenings(here, there).map(({ setting }) => setting));
  const choose = (/** @type {any} */ known, /** @type {any} */ offered) =>
    Object.fromEntries(Object.keys(offered).map((name) => [name, kept.has(name) ? known[name] : offered[name]]));
  return {
    trust: /** @type {any} */ (choose(here.trust, there.trust)),
    preferences: /** @type {any} */ (choose(here.preferences, there.preferences)),
    pattern: kept.has("pattern") ? here.pattern : there.pattern,
  };
}

/** @param {Chosen} chosen @returns {Record<string, any>} */
function flat({ trust, preferences, pattern }) {
  return { ...trust, ...preferences, pattern };
}
