/** The name of a security label under the reader's policy (RFC 2634 section 3). */

/**
 * @param {import("../vault/types/verbs.js").SecurityLabel | null} label
 * @param {import("./signature_options.js").LabelPolicy | null} labelPolicy
 * @returns {string | null} "" for a label that is unknown here, null for none
 */
export function labelName(label, labelPolicy) {
  if (!label) return null;
  if (labelPolicy?.policy !== label.policy) return "";
  return labelPolicy.classifications.find(({ value }) => value === label.classification)?.name ?? "";
}
