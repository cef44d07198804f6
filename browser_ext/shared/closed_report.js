/**
 * Whether a message was not decrypted, because no unlocked key decrypts it.
 * @param {{reasons: {code: string}[]}} report
 */
export function isClosed({ reasons }) {
  return reasons.some(({ code }) => code === "not-opened");
}
