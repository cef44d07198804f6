/**
 * The policy of security labels, as a file or from the administrator. It is strict JSON:
 *
 *     {"policy": "1.2.3.4", "name": "Example Ltd", "classifications": [{"value": 1, "name": "Internal"}]}
 *
 * `policy` is its OID. The values are the numbers of RFC 2634 section 3.2.
 */
import { required } from "./messages.js";

/** @typedef {{policy: string, name: string, classifications: {value: number, name: string}[]}} LabelPolicy */

const MAX_FILE_BYTES = 65_536;
const MAX_NAME_CHARACTERS = 100;
const MAX_CLASSIFICATIONS = 50;
/** ub-integer-options of RFC 2634. */
const MAX_VALUE = 256;
const OID = /^[0-2](\.(0|[1-9]\d{0,9})){1,30}$/u;

/** The policy in a file. Throws `bad-label-policy`. @param {ArrayBuffer} bytes */
export function policyInFile(bytes) {
  return required(bytes.byteLength <= MAX_FILE_BYTES ? readLabelPolicy(parse(bytes)) : null, "bad-label-policy");
}

/** @param {any} value @returns {LabelPolicy | null} null unless the value is a policy and nothing else */
export function readLabelPolicy(value) {
  if (!hasOnly(value, "policy", "name", "classifications") || !Array.isArray(value.classifications)) return null;
  const { policy, name, classifications } = value;
  const isNamed = typeof policy === "string" && OID.test(policy) && isName(name);
  const isCounted = classifications.length > 0 && classifications.length <= MAX_CLASSIFICATIONS;
  if (!isNamed || !isCounted || !classifications.every(isClassification)) return null;
  const isUnique = (/** @type {"value" | "name"} */ member) =>
    new Set(classifications.map((/** @type {any} */ classification) => classification[member])).size === classifications.length;
  return isUnique("value") && isUnique("name") ? { policy, name, classifications } : null;
}

/** @param {any} classification */
function isClassification(classification) {
  return hasOnly(classification, "value", "name") && Number.isInteger(classification.value) && classification.value >= 0 && classification.value <= MAX_VALUE && isName(classification.name);
}

/** @param {any} name */
function isName(name) {
  return typeof name === "string" && name.trim() !== "" && name.length <= MAX_NAME_CHARACTERS;
}

/** @param {any} value @param {...string} names */
function hasOnly(value, ...names) {
  return typeof value === "object" && value !== null && Object.keys(value).sort().join() === names.sort().join();
}

/** @param {ArrayBuffer} bytes */
function parse(bytes) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
