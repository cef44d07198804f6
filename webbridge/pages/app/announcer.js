/** The live region, whose text screen readers announce. */

export class Announcer {
  #region;
  /** Whether the last announcement is only about the shown view. */
  #isOfPlace = false;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
  }

  /** Tells a screen reader about a change. @param {string} text */
  announce(text) {
    this.#region.textContent = text;
    this.#isOfPlace = false;
  }

  /** Tells a screen reader about a change in the shown view, such as a verdict. @param {string} text */
  announceHere(text) {
    this.announce(text);
    this.#isOfPlace = true;
  }

  /**
   * Clears an announcement about the earlier view, because a screen reader can still read it while another view is shown.
   */
  leavePlace() {
    if (this.#isOfPlace) this.announce("");
  }
}
