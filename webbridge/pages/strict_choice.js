/**
 * The choice of the strict setting. The browser keeps it on the person's own computer; elsewhere only the tab does.
 */

const NAME = "sealwax-strict";
const CHOSEN = "yes";

/** Whether private keys stay out of the browser's own cryptography. */
export function isStrict() {
  try {
    return [sessionStorage, localStorage].some((storage) => storage.getItem(NAME) === CHOSEN);
  } catch {
    // The browser stores nothing, so no choice was kept.
    return false;
  }
}

/** @param {boolean} strict @param {boolean} isOwnComputer */
export function chooseStrict(strict, isOwnComputer) {
  try {
    for (const storage of [sessionStorage, localStorage]) storage.removeItem(NAME);
    if (strict) (isOwnComputer ? localStorage : sessionStorage).setItem(NAME, CHOSEN);
  } catch {
    // If the browser stores nothing, the choice lasts until the page is loaded again.
  }
}

/**
 * Calls `changed` when another tab has changed the choice that the browser keeps.
 * @param {(strict: boolean) => void} changed
 */
export function watchStrict(changed) {
  addEventListener("storage", ({ key }) => {
    if (key === NAME) changed(isStrict());
  });
}
