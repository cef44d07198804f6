/**
 * The person's own pattern, which marks every private window and frame. It is chosen at random when the extension is
 * installed, kept in the extension's database, and given only to the extension's own pages.
 */
import * as database from "../../shared/database.js";

/** 8 shapes × 10 colours × 3 sizes (`shared/pattern.js`). */
const PATTERNS = 240;
const SETTING = "pattern";

/** @returns {Promise<number>} */
export async function read() {
  const setting = await database.get("settings", SETTING);
  return setting ? setting.number : choose([]);
}

/** Whether this is the number of a pattern. @param {number} number */
export function isPattern(number) {
  return Number.isInteger(number) && number >= 0 && number < PATTERNS;
}

/** The setting that keeps a pattern. @param {number} number */
export function asSetting(number) {
  return /** @type {const} */ ({ name: SETTING, number });
}

/** Chooses another pattern. @returns {Promise<number>} */
export async function change() {
  return choose([await read()]);
}

/** @param {number[]} except */
async function choose(except) {
  let number = drawNumber();
  while (except.includes(number)) number = drawNumber();
  await database.put("settings", asSetting(number));
  return number;
}

function drawNumber() {
  // The remainder makes some patterns slightly more likely, but by less than one in ten million, since 2^32 is far
  // larger than 240.
  return crypto.getRandomValues(new Uint32Array(1))[0] % PATTERNS;
}
