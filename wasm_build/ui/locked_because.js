/** Why keys were locked, in words, for pages and extension. */

import { LIMITS } from "../session.js";
import { duration } from "./formats.js";

/** @typedef {import("../session.js").LockReason} LockReason */

/**
 * @param {import("./catalogue.js").Translate} translate
 * @param {LockReason | null} reason
 * @param {import("../session.js").Limits} [limits] those that were in force
 * @returns {string} empty where the person knows: they pressed the button, or nothing was unlocked
 */
export function lockedBecause(translate, reason, limits = LIMITS) {
  if (reason === null || reason === "hand" || reason === "signed-out") return "";
  const idle = duration(limits.idleMilliseconds / 60_000, "minute");
  const whole = duration(limits.wholeMilliseconds / 3_600_000, "hour");
  return translate(`locked_because_${reason.replace("-", "_")}`, { idle, whole });
}
