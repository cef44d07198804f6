/**
 * Reports the progress of a piece of work in bytes. The background, and the context that runs the vault, send reports
 * to the window that waits. The channel has no other messages, and no answers.
 */
const CHANNEL = "sealwax progress";

/** @typedef {"make" | "deliver"} Stage */
/** @typedef {{stage: Stage, done: number, total: number | null}} Told `total` is null while it is unknown */

/** @type {BroadcastChannel | null} */
let speaking = null;

/** @param {string} work @param {Told} told */
export function tellProgress(work, told) {
  speaking ??= new BroadcastChannel(CHANNEL);
  speaking.postMessage({ work, told });
}

/**
 * @param {string} work
 * @param {(told: Told) => void} onTold
 * @returns {() => void} a function that ends the reports
 */
export function followProgress(work, onTold) {
  const listening = new BroadcastChannel(CHANNEL);
  listening.onmessage = ({ data }) => { if (data.work === work) onTold(data.told); };
  return () => listening.close();
}
