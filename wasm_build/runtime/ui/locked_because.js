/** Why keys were locked, in words, for pages and extension. */

import { LIMITS } from "../session.js";

/** @typedef {import("../session.js").LockReason} LockReason */

/**
 * @param {import("./catalogue.js").Translate} translate
 * @param {LockReason | null} reason
 * @param {import("../session.js").Limits} [limits] those that were in force
 * @returns {string} empty where the person knows: they pressed the button, or nothing was unlocked
 */
export function lockedBecause(translate, reason, limits = LIMITS) {
  if (reason === null || reason === "hand" || reason === "signed-out") return "";
  const minutes = limits.idleMilliseconds / 60_000;
  const hours = limits.wholeMilliseconds / 3_600_000;
  return translate(`locked_because_${reason.replace("-", "_")}`, { minutes, hours });
}
