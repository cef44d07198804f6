/** Gives the functions that make markup fit for a view to the views of the tests. */
import { prepareMail, readLink } from "../../../browser_ext/frame/mail_markup.js";
import { preparePage } from "../../../browser_ext/viewer/page_markup.js";

globalThis.markupProbe = { prepareMail, preparePage, readLink };
