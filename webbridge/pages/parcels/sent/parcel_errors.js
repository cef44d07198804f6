/** The sentences for errors of requests about parcels, and the acts of buttons that show them. */

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("./parcels_sent.js").Given} Given */

/**
 * The sentence for an error of a request about parcels. Some codes mean another thing than elsewhere.
 * @param {App} app
 * @param {unknown} error
 */
export function parcelSentence(app, error) {
  const { code } = /** @type {{code?: unknown}} */ (error ?? {});
  const key = `sent_parcel_error_${String(code ?? "").replaceAll("-", "_")}`;
  return app.translate.has(key) ? app.translate(key) : app.sentenceFor(error);
}

/**
 * Runs the act of a button, as `App.attempt` does, with the sentences about parcels.
 * @param {Given} given
 * @param {{button: HTMLButtonElement, busy: string, failure: HTMLElement}} shown `busy` is on the button meanwhile
 * @param {() => Promise<void>} act
 */
export function attempt({ app, parts }, { button, busy, failure }, act) {
  return parts.whileBusy(button, busy, () => {
    failure.textContent = "";
    return act();
  }, (error) => { failure.textContent = parcelSentence(app, error); });
}
