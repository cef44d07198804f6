/** The languages that Sealwax speaks. */

/** The languages by their own names, in the order of the menu. @type {Record<string, string>} */
export const LANGUAGES = { de: "Deutsch", en: "English", es: "Español", fr: "Français", ar: "العربية" };
