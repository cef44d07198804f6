/**
 * The time for which a certificate is still valid. The options page and the letter's window warn at the same steps.
 */

const DAY_MILLISECONDS = 86_400_000;
/** `SOON_DAYS` leaves enough time to get a new certificate; `VERY_SOON_DAYS` is the last warning. */
const SOON_DAYS = 60;
const VERY_SOON_DAYS = 14;

/** @typedef {"good" | "soon" | "very-soon" | "expired" | "not-yet"} ExpiryState */

/**
 * @param {{notBefore: string, notAfter: string}} certificate times of ISO 8601
 * @param {number} [now] milliseconds since 1970
 * @returns {{state: ExpiryState, days: number}} `days` are the whole days that remain, 0 after the end
 */
export function expiryOf({ notBefore, notAfter }, now = Date.now()) {
  const left = Date.parse(notAfter) - now;
  const days = Math.max(0, Math.floor(left / DAY_MILLISECONDS));
  if (left < 0) return { state: "expired", days };
  if (Date.parse(notBefore) > now) return { state: "not-yet", days };
  if (days < VERY_SOON_DAYS) return { state: "very-soon", days };
  return { state: days < SOON_DAYS ? "soon" : "good", days };
}
