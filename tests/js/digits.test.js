/** The digits of numbers and dates: in every language the digits 0 to 9, as in the texts. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { LANGUAGES } from "../../wasm_build/ui/languages.js";
import { createCatalogue } from "../../wasm_build/ui/catalogue.js";
import * as formats from "../../wasm_build/ui/formats.js";

const MOMENT = "2026-11-28T09:05:07Z";
const OTHER_DIGITS = /(?![0-9])\p{Nd}/u;
/** The locales of browsers, with digits of their own in several of them. */
const LOCALES = ["ar", "ar-EG", "ar-SA", "ar-MA", "fa", "hi-IN-u-nu-deva", "de-AT", "fr-CA", "es-MX", "en-GB"];

/** @param {string[]} languages of the browser @param {string} language of the page */
function showPage(languages, language) {
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { languages, language: languages[0] } });
  Object.assign(globalThis, { document: { documentElement: { lang: language } } });
}

/** The texts that views write with digits. */
function writeAll() {
  const { shortDate, mediumDate, shortMoment, fullMoment, longDate, dayOnly, exactMoment } = formats;
  return [
    ...[shortDate, mediumDate, shortMoment, fullMoment, longDate, dayOnly, exactMoment].map((write) => write(MOMENT)),
    formats.shortDate(MOMENT, new Date(MOMENT)), formats.size(1_234_567), formats.exactSize(1_234_567), formats.number(1_234_567),
    formats.duration(15, "minute"), formats.inDays(10),
  ];
}

for (const locale of LOCALES) {
  test(`a page for ${locale} has the digits of its texts`, () => {
    showPage([locale], locale.split("-")[0] ?? "");
    const translate = createCatalogue(() => "{count}", () => formats.localeOf(locale));
    for (const text of [...writeAll(), translate("any", { count: 1_234_567 })]) {
      assert.doesNotMatch(text, OTHER_DIGITS);
      assert.match(text, /[0-9]/u);
    }
  });
}

test("a locale with these digits stays as it is", () => {
  for (const language of Object.keys(LANGUAGES)) assert.equal(formats.withDigitsOfTexts(language), language);
  assert.equal(formats.withDigitsOfTexts("de-AT"), "de-AT");
  assert.equal(formats.withDigitsOfTexts("ar-EG"), "ar-EG-u-nu-latn");
});
