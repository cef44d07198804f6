/**
 * Small choices of the person. On the person's own computer the browser keeps them; on another computer only the tab does.
 * A text is kept by the browser on every computer.
 */

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

/** @param {string} name @returns {string | null} null also if the browser stores nothing */
export function keptText(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text, unless the browser stores nothing or is full. @param {string} name @param {string | null} text null removes the text */
export function keepText(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // The caller says what follows if nothing is kept.
  }
}
