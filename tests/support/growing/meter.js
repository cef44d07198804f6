/** Measures how long a page stands still, in each browser: by the gaps between tasks that follow each other. */

/** A shorter gap is the meter's own work. */
const COUNTED_GAP_MILLISECONDS = 4;
const QUIET_MILLISECONDS = 120;
const MOST_MILLISECONDS = 30_000;

/**
 * Runs some work, and waits until the page has laid out and drawn what the work has added.
 * @param {() => unknown} work
 * @returns {Promise<{longest: number, busy: number}>} the longest time in which the page did nothing else, and all of it, in
 *   milliseconds
 */
export async function measure(work) {
  const { port1, port2 } = new MessageChannel();
  let [longest, busy, last, isRunning] = [0, 0, performance.now(), true];
  port1.onmessage = () => {
    const now = performance.now();
    const gap = now - last;
    last = now;
    longest = Math.max(longest, gap);
    if (gap > COUNTED_GAP_MILLISECONDS) busy += gap;
    if (isRunning) port2.postMessage(0);
  };
  port2.postMessage(0);
  await frame();
  [longest, busy] = [0, 0];
  const begin = performance.now();
  await work();
  let [quiet, before] = [performance.now(), busy];
  while (performance.now() - quiet < QUIET_MILLISECONDS && performance.now() - begin < MOST_MILLISECONDS) {
    await frame();
    if (busy - before > 3 * COUNTED_GAP_MILLISECONDS) quiet = performance.now();
    before = busy;
  }
  isRunning = false;
  port1.close();
  return { longest, busy };
}

function frame() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}
