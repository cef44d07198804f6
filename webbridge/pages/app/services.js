/**
 * The types of a view, and of the services that are functions.
 *
 * The type of a view's services names those that the view uses. The application makes the view, and has a member of the same
 * name for each service.
 */

/**
 * @typedef {{
 *   element: HTMLElement, heading: HTMLElement, titleKey: string, shown?: () => void, focus?: () => void, close?: () => void,
 *   renew?: () => View,
 * }} View `renew` makes the same view in another language, with the typed text. When the view is shown, `shown` is called,
 * and then `focus`. Without `focus`, the `heading` gets the focus. `close` is called when another view replaces this one.
 */
/**
 * Runs the action of a button. If it fails, `failure` shows the sentence of the error.
 * @typedef {(
 *   button: HTMLButtonElement, busyLabel: string, failure: HTMLElement, action: () => Promise<void>,
 * ) => Promise<void>} Attempt
 */
/** The sentence for an error. @typedef {(error: unknown) => string} SentenceFor */
/** Tells a screen reader about a change. @typedef {(text: string) => void} Announce */
/** Shows the view of a path, such as `/folder/inbox`. @typedef {(path: string) => void} Navigate */
/** @typedef {import("../writing/views/writing_view.js").Proposal} Proposal */
/** Opens the writing view. A letter that is begun already is shown instead. @typedef {(proposal?: Proposal) => void} Write */
/**
 * Shows the pages in another language.
 * @typedef {(language: string, where?: {isOwnComputer: boolean}) => Promise<void>} UseLanguage
 */
/** @typedef {import("../../../wasm_build/ui/secret_field.js").Secret} Secret */
/**
 * Signs in. `takePassphrase` is called after the sign-in. It returns null if the person has typed none.
 * @typedef {(
 *   address: string, password: string, where: {isOwnComputer: boolean}, takePassphrase: () => Secret | null,
 * ) => Promise<void>} SignIn
 */

export {};
