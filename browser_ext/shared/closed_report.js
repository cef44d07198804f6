/**
 * Whether a message stayed closed, because it is encrypted and no unlocked key opens it.
 * @param {{reasons: {code: string}[]}} report
 */
export function isClosed({ reasons }) {
  return reasons.some(({ code }) => code === "not-opened");
}
