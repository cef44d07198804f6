/**
 * Settings for writing: the timestamp service, and the policy of security labels. Values of the administrator take
 * precedence.
 */
import { labelName } from "../../../wasm_build/ui/label_name.js";
import * as database from "../../shared/database.js";
import { policyInFile } from "../../shared/label_policy.js";
import { serviceAddress } from "../../shared/service_address.js";
import { RequestError } from "../../shared/messages.js";
import { learn } from "../people/learning.js";
import * as policy from "../browser/policy.js";

/** @typedef {import("../../shared/label_policy.js").LabelPolicy} LabelPolicy */
/** @typedef {{timestampService: string, labelPolicy: LabelPolicy | null}} Writing `timestampService` is "" for none */

const NAME = "writing";
/** @type {Writing} */
const FIRST = Object.freeze({ timestampService: "", labelPolicy: null });

/** @returns {Promise<Writing>} */
export async function read() {
  return { ...(await kept()), ...(await policy.read()).writing };
}

/** Keeps the person's timestamp service. Rejects with `bad-timestamp-service`. @param {{address: string}} body */
export async function changeService({ address }) {
  await change({ timestampService: serviceAddress(address.trim()) });
}

/** Keeps the person's policy of labels. Rejects with `bad-label-policy`. @param {{bytes: ArrayBuffer}} body */
export async function importLabels({ bytes }) {
  await change({ labelPolicy: policyInFile(bytes) });
}

export async function removeLabels() {
  await change({ labelPolicy: null });
}

/**
 * The label of a letter, as an argument for the vault; null for none. Rejects with `bad-request` if the policy does not
 * have the classification.
 * @param {string} label the number of the classification, or ""
 */
export async function labelFor(label) {
  if (!label) return null;
  const { labelPolicy } = await read();
  const classification = labelPolicy?.classifications.find(({ value }) => String(value) === label);
  if (!labelPolicy || !classification) throw new RequestError("bad-request");
  return { policy: labelPolicy.policy, classification: classification.value };
}

/**
 * The name of a mail's label under the person's own policy; "" for an unknown label, and null for no label.
 * @param {import("../../../wasm_build/vault/types/verbs.js").SecurityLabel | null | undefined} label
 */
export async function nameOfLabel(label) {
  return label ? labelName(label, (await read()).labelPolicy) : null;
}

/** These settings as a policy for other people, under the names of `policy_schema.json`. */
export async function asPolicy() {
  const { timestampService, labelPolicy } = await read();
  return { ...(timestampService ? { timestampService } : {}), ...(labelPolicy ? { labelPolicy } : {}) };
}

/** The person's settings, without the administrator's values. @returns {Promise<Writing>} */
export async function kept() {
  return { ...FIRST, ...(await database.get("settings", NAME))?.value };
}

/** @param {Partial<Writing>} changed */
async function change(changed) {
  await learn(async () => database.put("settings", { name: NAME, value: { ...(await kept()), ...changed } }));
}
