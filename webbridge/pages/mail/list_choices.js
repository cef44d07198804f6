/** The person's choices for lists. On the person's own computer the browser keeps them; elsewhere only the tab does. */

const THREADS = "sealwax-threads";
const CHOSEN = "yes";

/** Whether messages that answer each other are one row. */
export function hasThreads() {
  try {
    return [sessionStorage, localStorage].some((storage) => storage.getItem(THREADS) === CHOSEN);
  } catch {
    return false;
  }
}

/** @param {boolean} isChosen @param {boolean} isOwnComputer */
export function chooseThreads(isChosen, isOwnComputer) {
  try {
    for (const storage of [sessionStorage, localStorage]) storage.removeItem(THREADS);
    if (isChosen) (isOwnComputer ? localStorage : sessionStorage).setItem(THREADS, CHOSEN);
  } catch {
    // A browser that refuses to keep anything begins without threads.
  }
}
