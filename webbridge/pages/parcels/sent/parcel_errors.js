/** The sentences for errors of requests about parcels, and the function that runs a button's act and shows its error. */

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: Catalogue, sentenceFor: SentenceFor}} ParcelErrorServices */
/** @typedef {import("./parcels_sent.js").Given} Given */

/**
 * The sentence for an error of a request about parcels. Some codes have a different meaning here.
 * @param {ParcelErrorServices} services
 * @param {unknown} error
 */
export function parcelSentence(services, error) {
  const { code } = /** @type {{code?: unknown}} */ (error ?? {});
  const key = `sent_parcel_error_${String(code ?? "").replaceAll("-", "_")}`;
  return services.translate.has(key) ? services.translate(key) : services.sentenceFor(error);
}

/**
 * Runs the act of a button, as `Attempt` does, with the sentences about parcels.
 * @param {Given} given
 * @param {{button: HTMLButtonElement, busy: string, failure: HTMLElement}} shown `busy` is the button's label meanwhile
 * @param {() => Promise<void>} act
 */
export function attempt({ services, parts }, { button, busy, failure }, act) {
  return parts.whileBusy(button, busy, () => {
    failure.textContent = "";
    return act();
  }, (error) => { failure.textContent = parcelSentence(services, error); });
}
