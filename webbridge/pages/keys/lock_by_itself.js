/** The automatic lock of the keys: after a time without use, and when the page is closed or frozen. */

/** @param {Pick<import("./keys.js").KeyRing, "lock" | "check" | "touch">} keys */
export function lockByItself(keys) {
  // The memory of a closed or frozen page cannot be overwritten later, so no secret may stay there.
  addEventListener("pagehide", () => keys.lock("left"));
  document.addEventListener("freeze", () => keys.lock("asleep"));
  // Timers do not run while a computer sleeps, so the deadlines are checked when the page is shown again.
  document.addEventListener("visibilitychange", () => keys.check());
  for (const type of ["keydown", "pointerdown"]) {
    addEventListener(type, () => keys.touch(), { capture: true, passive: true });
  }
}
