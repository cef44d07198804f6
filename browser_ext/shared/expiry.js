/** How long a certificate still counts: the same steps on the page with the keys and where somebody writes. */

const DAY_MILLISECONDS = 86_400_000;
/** Time enough to ask an authority, and the last call. */
const SOON_DAYS = 60;
const VERY_SOON_DAYS = 14;

/** @typedef {"good" | "soon" | "very-soon" | "expired" | "not-yet"} ExpiryState */

/**
 * @param {{notBefore: string, notAfter: string}} certificate times of ISO 8601
 * @param {number} [now] milliseconds since 1970
 * @returns {{state: ExpiryState, days: number}} `days` are whole ones that remain, 0 when it is over
 */
export function expiryOf({ notBefore, notAfter }, now = Date.now()) {
  const left = Date.parse(notAfter) - now;
  const days = Math.max(0, Math.floor(left / DAY_MILLISECONDS));
  if (left < 0) return { state: "expired", days };
  if (Date.parse(notBefore) > now) return { state: "not-yet", days };
  if (days < VERY_SOON_DAYS) return { state: "very-soon", days };
  return { state: days < SOON_DAYS ? "soon" : "good", days };
}
