/**
 * How far a piece of work has come, in octets, told among the extension's own contexts: the vault's owner, the background
 * and the window that waits. Nothing else is said there, and nobody answers.
 */
const CHANNEL = "sealwax progress";

/** @typedef {"read" | "make" | "deliver"} Stage */
/** @typedef {{stage: Stage, done: number, total: number | null}} Told `total` is null where nobody can know it */

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
 * @returns {() => void} ends it
 */
export function followProgress(work, onTold) {
  const listening = new BroadcastChannel(CHANNEL);
  listening.onmessage = ({ data }) => { if (data.work === work) onTold(data.told); };
  return () => listening.close();
}
