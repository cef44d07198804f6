/**
 * The person's own pattern, which marks every private window and frame: chosen at random when the extension is
 * installed, kept in the extension's database, and told to the extension's own pages alone.
 */
import * as database from "./database.js";

/** Shapes, colours and sizes of `shared/pattern.js`, multiplied. */
const PATTERNS = 240;
const SETTING = "pattern";

/** @returns {Promise<number>} */
export async function read() {
  const kept = await database.get("settings", SETTING);
  return kept ? kept.number : choose([]);
}

/** Whether this is the number of a pattern. @param {number} number */
export function isPattern(number) {
  return Number.isInteger(number) && number >= 0 && number < PATTERNS;
}

/** How a pattern is kept. @param {number} number */
export function asSetting(number) {
  return { name: SETTING, number };
}

/** Another pattern than before. @returns {Promise<number>} */
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
  // 2^32 is so far above 240 that no pattern is likelier than another by more than one in ten million.
  return crypto.getRandomValues(new Uint32Array(1))[0] % PATTERNS;
}
