/** The wait for a service worker that the browser installs. */

/**
 * Resolves with the worker once it has one of the states. Rejects with `refusal` if there is no worker, or if the browser
 * gives it up.
 * @param {ServiceWorker | null | undefined} worker
 * @param {ServiceWorkerState[]} states
 * @param {Error} refusal
 * @returns {Promise<ServiceWorker>}
 */
export function untilState(worker, states, refusal) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker && states.includes(worker.state)) resolve(worker);
      else if (!worker || worker.state === "redundant") reject(refusal);
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}
