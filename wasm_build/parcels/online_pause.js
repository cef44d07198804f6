/** The pause between two tries after a connection was lost, and the failures after which another try makes sense. */

/** The statuses with which a server or store answers while it restarts. */
const PASSING = new Set([500, 502, 503, 504]);

/** @typedef {(milliseconds: number, signal: AbortSignal) => Promise<void>} Pause */

/**
 * Waits for a time, or until the browser says that the connection is back.
 * @type {Pause}
 */
export function pauseUntilOnline(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    globalThis.addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}

/** Whether a later request may succeed. The class of the error is not compared, because it may come from another bundle. @param {any} error */
export function isPassing(error) {
  return error?.code === "unreachable" || PASSING.has(error?.status);
}
