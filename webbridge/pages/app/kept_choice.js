/** Small choices of the person. On the person's own computer the browser keeps them; on another computer only the tab does. */

/** The values that the tab and the browser have kept under a name. @param {string} name @returns {string[]} */
export function keptChoices(name) {
  try {
    return [sessionStorage, localStorage].flatMap((storage) => storage.getItem(name) ?? []);
  } catch {
    // The browser stores nothing, so nothing was kept.
    return [];
  }
}

/** @param {string} name @param {string | null} value null if nothing is to be kept @param {boolean} isOwnComputer */
export function keepChoice(name, value, isOwnComputer) {
  try {
    for (const storage of [sessionStorage, localStorage]) storage.removeItem(name);
    if (value !== null) (isOwnComputer ? localStorage : sessionStorage).setItem(name, value);
  } catch {
    // If the browser stores nothing, the choice lasts until the page is loaded again.
  }
}
