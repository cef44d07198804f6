/**
 * The person's settings and recipes that roam with the account at a key server. If a value from the account is weaker
 * than the value in this browser, the person is asked (`vault/account/roaming_settings.js`).
 */
import { offersOf, settle, textsForMerge } from "../../../wasm_build/vault/account/roaming_settings.js";
import { required, WORDS } from "../../shared/messages.js";
import { readLabelPolicy } from "../../shared/label_policy.js";
import { serviceAddress } from "../../shared/service_address.js";
import * as database from "../../shared/database.js";
import * as keys from "../keys/keys.js";
import { TURN } from "../people/learning.js";
import * as preferences from "../browser/preferences.js";
import * as recipes from "../mail/recipes.js";
import * as session from "../keys/session.js";
import * as trust from "../people/trust.js";
import { inTurn } from "../browser/turns.js";
import * as writing from "../writing/writing.js";

/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").AllHeld} AllHeld */
/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").Named} Named */
/** @typedef {import("../../../wasm_build/vault/account/roaming_settings.js").Texts} Texts */
/** @typedef {{setting: string, value: any} | {recipe: Recipe}} Offered */

const HELD = "held settings";
const KINDS = ["setting", "recipe"];
/** The settings that roam, grouped by the entry of the store `settings` that contains them. */
const ROAMING = {
  preferences: /** @type {const} */ (["strict", "harvest"]),
  trust: /** @type {const} */ (["mozilla", "revocation"]),
  writing: /** @type {const} */ (["timestampService", "labelPolicy"]),
};
const SIGNS_WITH = "setting:signsWith:";
const RECIPE = "recipe:";
const isFlag = (/** @type {any} */ value) => typeof value === "boolean";
/** Whether the person could choose this value for the setting in this browser. @type {Record<string, (value: any) => boolean>} */
const CHECKS = {
  strict: isFlag, harvest: isFlag, mozilla: isFlag,
  revocation: (value) => WORDS.revocation.includes(value),
  timestampService: (value) => typeof value === "string" && serviceAddress(value) === value,
  labelPolicy: (value) => value === null || readLabelPolicy(value) !== null,
};

/** The settings and recipes as texts, for a merge with the account. @returns {Promise<Named>} */
export async function read() {
  const [{ here, chosen }, held] = await Promise.all([readHere(), readHeld()]);
  return textsForMerge(chosen, held, here, KINDS);
}

/**
 * The changes of the database that apply the account's values, except those about which the person must be asked.
 * @param {Named} account the texts after a merge
 */
export async function changesBy(account) {
  const [{ here }, before] = await Promise.all([readHere(), readHeld()]);
  const { taken, removed, held } = settle(account, before, here, isKnown);
  return changesFor(taken, removed, held);
}

/** The settings and recipes about which the person has to decide, with the question about each. */
export async function list() {
  const [{ here }, held] = await Promise.all([readHere(), readHeld()]);
  return offersOf(held, here).map(({ name, text, own }) =>
    ({ name, ...describe(name, text), question: { kind: "setting", name, text, own } }));
}

/** @param {{name: string}} body the whole name of an entry */
export async function question({ name }) {
  return required((await list()).find((entry) => entry.name === name), "question-changed").question;
}

/** Uses a setting or a recipe of another device in this browser too. @param {{name: string}} body */
export async function accept({ name }) {
  const isOther = await inTurn(TURN, async () => {
    const { [name]: offered, ...held } = await readHeld();
    const { changes, changesStrict } = await changesFor({ [name]: required(offered, "question-changed").text }, [], held);
    await database.change(changes);
    return changesStrict;
  });
  if (isOther) await session.lock("hand");
}

/** Keeps the value of this browser. The account keeps its own value for the other devices. @param {{name: string}} body */
export function decline({ name }) {
  return inTurn(TURN, async () => {
    const held = await readHeld();
    await database.put("settings", { name: HELD, value: { ...held, [name]: { ...held[name], state: "declined" } } });
  });
}

/** The values in effect in this browser, and those that the person chose. @returns {Promise<{here: Texts, chosen: Texts}>} */
async function readHere() {
  const [ownPreferences, { trust: trusted }, forWriting, signers, taught] = await Promise.all(
    [preferences.kept(), trust.kept(), writing.kept(), keys.preferredIdentities(), database.all("recipes")],
  );
  /** @type {Texts} */
  const here = {};
  /** @type {Texts} */
  const chosen = {};
  const values = /** @type {Record<keyof typeof ROAMING, Record<string, unknown>>} */ ({ preferences: ownPreferences, trust: trusted, writing: forWriting });
  for (const [entry, names] of /** @type {[keyof typeof ROAMING, readonly string[]][]} */ (Object.entries(ROAMING))) {
    const isKept = (await database.get("settings", entry)) !== undefined;
    for (const name of names) {
      here[`setting:${name}`] = JSON.stringify(values[entry][name]);
      if (isKept) chosen[`setting:${name}`] = here[`setting:${name}`];
    }
  }
  for (const [address, fingerprint] of Object.entries(signers)) chosen[`${SIGNS_WITH}${address}`] = JSON.stringify(fingerprint);
  for (const recipe of taught) chosen[`${RECIPE}${recipe.origin}`] = JSON.stringify(recipe);
  return { here: { ...here, ...chosen }, chosen };
}

/** @returns {Promise<AllHeld>} */
async function readHeld() {
  return (await database.get("settings", HELD))?.value ?? {};
}

/** @param {string} name @param {string} text */
function isKnown(name, text) {
  try {
    const value = JSON.parse(text);
    if (name.startsWith(RECIPE)) return `${RECIPE}${recipes.read(text).origin}` === name;
    if (name.startsWith(SIGNS_WITH)) return /^[0-9a-f]{64}$/u.test(value) && name.length > SIGNS_WITH.length;
    const setting = name.replace("setting:", "");
    return Object.hasOwn(CHECKS, setting) && CHECKS[setting](value);
  } catch {
    return false;
  }
}

/** @param {string} name @param {string} text @returns {Offered} */
function describe(name, text) {
  return name.startsWith(RECIPE) ? { recipe: recipes.read(text) } : { setting: name.replace("setting:", ""), value: JSON.parse(text) };
}

/** @param {Texts} taken @param {string[]} removed @param {AllHeld} held */
async function changesFor(taken, removed, held) {
  /** @type {Record<string, any>} */
  const values = Object.fromEntries(Object.entries(taken).map(([name, text]) => [name, JSON.parse(text)]));
  const [ownPreferences, { trust: trusted }, forWriting, signers] = await Promise.all(
    [preferences.kept(), trust.kept(), writing.kept(), keys.preferredIdentities()],
  );
  /** @template {object} T @param {T} before @param {readonly string[]} names @returns {T[]} the changed value, if it changes */
  const changed = (before, names) => {
    const new_ = names.filter((name) => Object.hasOwn(values, `setting:${name}`)).map((name) => [name, values[`setting:${name}`]]);
    return new_.length ? [{ ...before, ...Object.fromEntries(new_) }] : [];
  };
  const named = Object.entries(values).filter(([name]) => name.startsWith(SIGNS_WITH));
  const signs = Object.fromEntries(named.map(([name, fingerprint]) => [name.slice(SIGNS_WITH.length), fingerprint]));
  /** @type {Setting[]} */
  const put = [
    { name: HELD, value: held },
    ...changed(ownPreferences, ROAMING.preferences).map((value) => /** @type {const} */ ({ name: "preferences", value })),
    ...changed(trusted, ROAMING.trust).map((value) => /** @type {const} */ ({ name: "trust", value })),
    ...changed(forWriting, ROAMING.writing).map((value) => /** @type {const} */ ({ name: "writing", value })),
    ...(named.length ? [/** @type {const} */ ({ name: keys.PREFERRED, value: { ...signers, ...signs } })] : []),
  ];
  const recipe = Object.entries(values).filter(([name]) => name.startsWith(RECIPE)).map(([, value]) => value);
  const gone = removed.map((name) => name.slice(RECIPE.length));
  return {
    changes: { settings: { put }, recipes: { put: recipe, remove: gone } },
    // A running vault cannot change how it handles private keys.
    changesStrict: Object.hasOwn(values, "setting:strict"),
  };
}
