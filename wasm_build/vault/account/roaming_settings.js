/**
 * Settings and recipes that roam with the account at a key server (docs/roaming_protocol.md, "Settings"), for the pages and
 * the extension.
 *
 * The vault merges the settings by entry, and accepts only entries that one of the person's keys has signed. This
 * module decides which entries take effect on this device. A weaker value is held, that is, does not take effect, until
 * the person has agreed on this device. The next merge gets the held value in place of the device's value, so that the
 * account's entry does not change.
 */

/** @typedef {Record<string, string>} Texts values as JSON, by the full name of their entry, such as `setting:strict` */
/** @typedef {Record<string, Record<string, string>>} Named the same values by kind and name, in the vault's form */
/**
 * A value of the account that is not in effect here, because the person has not yet answered or has declined, or
 * because this program does not know the value. `own` is the value that was in effect when the held value came; null
 * for none.
 * @typedef {{text: string, own: string | null, state: "asked" | "declined" | "unknown"}} Held
 */
/** @typedef {Record<string, Held>} AllHeld by the full name of the entry */

const RECIPE = "recipe:";
const SETTING = "setting:";
const STRICTEST_FIRST = ["required", "if-known", "not-checked"];

/**
 * Whether a value from another device (`there`) is weaker than the value in effect (`here`).
 * @satisfies {Record<string, (here: any, there: any) => boolean>}
 */
export const IS_WEAKER = {
  strict: (/** @type {boolean} */ here, /** @type {boolean} */ there) => here && !there,
  // Harvesting keeps the certificates of verified senders without asking.
  harvest: (/** @type {boolean} */ here, /** @type {boolean} */ there) => there && !here,
  mozilla: (/** @type {boolean} */ here, /** @type {boolean} */ there) => there && !here,
  revocation: (/** @type {string} */ here, /** @type {string} */ there) => STRICTEST_FIRST.indexOf(there) > STRICTEST_FIRST.indexOf(here),
  // With a timestamp, the service learns when the person signs a message.
  timestampService: (/** @type {string} */ here, /** @type {string} */ there) => there !== "" && there !== here,
};

/**
 * The texts for a merge, by kind and name. If the person has changed a value here after a value of the account was
 * held, the changed value counts.
 * @param {Texts} chosen the values that the person has chosen here @param {AllHeld} held @param {Texts} here all texts
 * in effect
 * @param {string[]} kinds the kinds in which this device takes part
 * @returns {Named}
 */
export function textsForMerge(chosen, held, here, kinds) {
  const texts = { ...chosen };
  for (const [name, value] of Object.entries(held)) if (isCurrent(value, here[name])) texts[name] = value.text;
  /** @type {Named} */
  const named = Object.fromEntries(kinds.map((kind) => [kind, {}]));
  for (const [name, text] of Object.entries(texts)) {
    const [kind] = name.split(":", 1);
    named[kind][name.slice(kind.length + 1)] = text;
  }
  return named;
}

/**
 * Decides about each value of the account.
 * @param {Named} account the texts after a merge @param {AllHeld} held the held values before it @param {Texts} here the values in effect
 * @param {(name: string, text: string) => boolean} isKnown whether this program can use the value
 * @returns {{taken: Texts, removed: string[], held: AllHeld}} `taken` takes effect, and the recipes `removed` are deleted
 */
export function settle(account, held, here, isKnown) {
  /** @type {Texts} */
  const taken = {};
  /** @type {AllHeld} */
  const next = {};
  const texts = whole(account);
  for (const [name, text] of texts) {
    const own = here[name];
    const before = held[name];
    if (text === own) continue;
    if (!isKnown(name, text)) next[name] = { text, own: own ?? null, state: "unknown" };
    else if (before?.text === text && before.state !== "unknown" && isCurrent(before, own)) next[name] = before;
    else if (isWeaker(name, own, text)) next[name] = { text, own: own ?? null, state: "asked" };
    else taken[name] = text;
  }
  const removed = Object.keys(here).filter((name) => name.startsWith(RECIPE) && !texts.has(name));
  return { taken, removed, held: next };
}

/** The values about which the person has to decide. @param {AllHeld} held @param {Texts} here */
export function offersOf(held, here) {
  return Object.entries(held)
    .filter(([name, value]) => value.state === "asked" && isCurrent(value, here[name]))
    .map(([name, { text, own }]) => ({ name, text, own }));
}

/**
 * Whether the value on this device is unchanged since the account's value was held.
 * @param {Held} held @param {string | undefined} own
 */
function isCurrent(held, own) {
  return held.own === (own ?? null);
}

/** @param {string} name @param {string | undefined} here @param {string} there */
function isWeaker(name, here, there) {
  // A recipe says where typed text goes, and which addresses of a site are fetched.
  if (name.startsWith(RECIPE)) return true;
  /** @type {Record<string, (here: any, there: any) => boolean>} */
  const rules = IS_WEAKER;
  const setting = name.slice(SETTING.length);
  return here !== undefined && Object.hasOwn(rules, setting) && rules[setting](JSON.parse(here), JSON.parse(there));
}

/** @param {Named} named @returns {Map<string, string>} by the full names of entries */
function whole(named) {
  return new Map(Object.entries(named).flatMap(([kind, texts]) =>
    Object.entries(texts).map(([name, text]) => /** @type {[string, string]} */ ([`${kind}:${name}`, text]))));
}
