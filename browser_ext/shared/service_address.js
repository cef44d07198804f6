/** The address of a timestamp service. */
import { RequestError } from "./messages.js";

/**
 * The normalised address of a service. It may be without TLS, since the vault checks the signature of each answer.
 * Throws `bad-timestamp-service`.
 * @param {string} address @returns {string} "" for an empty address
 */
export function serviceAddress(address) {
  if (!address) return "";
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !/^https?:$/u.test(url.protocol) || url.username || url.password) throw new RequestError("bad-timestamp-service");
  url.hash = "";
  return url.href;
}
