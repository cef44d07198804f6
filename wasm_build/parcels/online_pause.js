/** A pause between two tries after a connection was lost. */

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
