/**
 * The moment at which a changed letter is kept as a draft: after a pause in typing, at the latest after twenty seconds of
 * typing, and when the window loses the focus or is hidden.
 */

const PAUSE_MILLISECONDS = 2_000;
/** The longest time until a draft is kept while the person types without a pause. */
const LONGEST_MILLISECONDS = 20_000;

export class DraftPause {
  #onEnd;
  #timer = 0;
  /** The latest time at which the letter must be kept; 0 if nothing has changed. */
  #latest = 0;
  #closing = new AbortController();

  /** @param {() => void} onEnd keeps the letter, if it has changed */
  constructor(onEnd) {
    this.#onEnd = onEnd;
    const { signal } = this.#closing;
    addEventListener("blur", () => onEnd(), { signal });
    // A phone may end a hidden page without another event.
    document.addEventListener("visibilitychange", () => { if (document.hidden) onEnd(); }, { signal });
  }

  /** Begins the pause again. Called when the letter has changed. */
  restart() {
    const now = Date.now();
    this.#latest ||= now + LONGEST_MILLISECONDS;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(this.#onEnd, Math.min(PAUSE_MILLISECONDS, this.#latest - now));
  }

  /** Ends the pause. Called when the letter is being kept, or will not be kept. */
  cancel() {
    clearTimeout(this.#timer);
    this.#latest = 0;
  }

  /** Stops watching, because the window is closed. */
  dispose() {
    this.#closing.abort();
    this.cancel();
  }
}
