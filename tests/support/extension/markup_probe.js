/** Makes the functions that prepare markup for a view available to the tests, as `markupProbe` in the view. */
import { prepareMail, readLink } from "../../../wasm_build/ui/mail_markup.js";
import { preparePage } from "../../../browser_ext/viewer/page_markup.js";

globalThis.markupProbe = { prepareMail, preparePage, readLink };
