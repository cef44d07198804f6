/**
 * Reports the progress of a piece of work in bytes. The background, and the context that runs the vault, send reports
 * to the window that waits. The channel has no other messages, and no answers.
 */
const CHANNEL = "sealwax progress";

/** @typedef {"make" | "deliver"} Stage */
/** @typedef {{stage: Stage, done: number, total: number | null}} Progress `total` is null while it is unknown */

/** @type {BroadcastChannel | null} */
let speaking = null;

/** @param {string} work @param {Progress} progress */
export function tellProgress(work, progress) {
  speaking ??= new BroadcastChannel(CHANNEL);
  speaking.postMessage({ work, progress });
}

/**
 * @param {string} work
 * @param {(progress: Progress) => void} onProgress
 * @returns {() => void} a function that ends the reports
 */
export function followProgress(work, onProgress) {
  const listening = new BroadcastChannel(CHANNEL);
  listening.onmessage = ({ data }) => { if (data.work === work) onProgress(data.progress); };
  return () => listening.close();
}
