/** The person's choices for lists. The browser keeps them on the person's own computer; elsewhere only the tab keeps them. */

const THREADS = "sealwax-threads";
const CHOSEN = "yes";

/** Whether a list shows the messages that answer each other as one row. */
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
    // If the browser stores nothing, the next list has no threads.
  }
}
