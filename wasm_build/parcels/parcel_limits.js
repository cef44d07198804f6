/** The limits for a parcel that a server names. They are bounded, because a server must not make the sender keep a large file in memory. */

/** @typedef {import("./letter_host.js").ParcelLimits} ParcelLimits */

/** The bounds of `webbridge.delivery.limits`. @type {ParcelLimits} */
const MOST = { maxBytes: Number.MAX_SAFE_INTEGER, wholeBytes: 1024 * 1024, maxDays: 90, maxRecipients: 50 };

/** @param {unknown} named the member `parcels` of `GET /api/config` @returns {ParcelLimits | null} null from a server without parcels */
export function readLimits(named) {
  if (typeof named !== "object" || named === null) return null;
  const values = /** @type {Record<string, unknown>} */ (named);
  const read = Object.entries(MOST).map(([name, most]) => {
    const value = values[name];
    return [name, Number.isSafeInteger(value) && Number(value) > 0 ? Math.min(Number(value), most) : null];
  });
  return read.some(([, value]) => value === null) ? null : Object.fromEntries(read);
}
