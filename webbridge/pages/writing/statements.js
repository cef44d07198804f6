/**
 * The statements in the signature of a message: a request for a receipt, a timestamp, and a security label.
 */

/** @typedef {import("../../../wasm_build/ui/signature_options.js").LabelPolicy} LabelPolicy */
/** @typedef {import("../../../wasm_build/ui/signature_options.js").Options} Options */
/**
 * The statements of a message as it is sent. Messages from earlier versions in the outbox have no `receipt`.
 * @typedef {{receipt?: boolean, lasting: boolean, label: {policy: string, classification: number} | null}} Statements
 */

/**
 * The statements of the chosen options.
 * @param {Options} chosen
 * @param {LabelPolicy | null} policy
 * @returns {Statements}
 */
export function statementsOf({ receipt, lasting, label }, policy) {
  return { receipt, lasting, label: label && policy ? { policy: policy.policy, classification: Number(label) } : null };
}

/**
 * The options that a kept message had.
 * @param {Statements} statements
 * @param {LabelPolicy | null} policy
 * @returns {Options}
 */
export function optionsOf({ receipt = false, lasting, label }, policy) {
  return { receipt, lasting, label: label && label.policy === policy?.policy ? String(label.classification) : "" };
}
