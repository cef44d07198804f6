/**
 * The options of a message that become statements in its signature: a receipt, a timestamp, a security label.
 */

import { isolate } from "./formats.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{receipt: boolean, lasting: boolean, label: string}} Options `label` is the number of a classification, or
 *   ""
 */
/** @typedef {{policy: string, name: string, classifications: {value: number, name: string}[]}} LabelPolicy */
/**
 * @typedef {{timestampHost: string, labelPolicy: LabelPolicy | null}} SignatureOffers `timestampHost` is "" without a
 * timestamp service; the service and the policy each allow one option
 */

/** No option is chosen. @type {Options} */
export const NO_OPTIONS = { receipt: false, lasting: false, label: "" };

/**
 * The wanted options, as far as they are offered.
 * @param {Options} wanted
 * @param {SignatureOffers} offers
 * @returns {Options}
 */
export function offeredOptions({ receipt, lasting, label }, { timestampHost, labelPolicy }) {
  const isOffered = labelPolicy?.classifications.some(({ value }) => String(value) === label) ?? false;
  const isLasting = Boolean(lasting) && timestampHost !== "";
  return { receipt: Boolean(receipt), lasting: isLasting, label: isOffered ? label : "" };
}

/**
 * The sentences about the chosen options in the plan for sending.
 * @param {Options} chosen @param {SignatureOffers} offers @param {Catalogue} translate
 */
export function optionSentences({ receipt, lasting, label }, { timestampHost, labelPolicy }, translate) {
  const name = labelPolicy?.classifications.find(({ value }) => String(value) === label)?.name;
  return [
    ...(receipt ? [translate("asks_receipt")] : []),
    ...(lasting ? [translate("signature_lasts", { host: isolate(timestampHost) })] : []),
    ...(name === undefined ? [] : [translate("has_security_label", { name: isolate(name) })]),
  ];
}
