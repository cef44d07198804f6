/** The words that say why the keys were locked, for pages and extension. */

import { LIMITS } from "../vault/storage/session.js";
import { duration } from "./formats.js";

/** @typedef {import("../vault/storage/session.js").LockReason} LockReason */

/**
 * @param {import("./catalogue.js").Translate} translate
 * @param {LockReason | null} reason
 * @param {import("../vault/storage/session.js").Limits} [limits] the limits of the locked session
 * @returns {string} "" if the person knows the reason: they locked or signed out themselves, or nothing was unlocked
 */
export function lockedBecause(translate, reason, limits = LIMITS) {
  if (reason === null || reason === "hand" || reason === "signed-out") return "";
  const idle = duration(limits.idleMilliseconds / 60_000, "minute");
  const whole = duration(limits.wholeMilliseconds / 3_600_000, "hour");
  return translate(`locked_because_${reason.replace("-", "_")}`, { idle, whole });
}
