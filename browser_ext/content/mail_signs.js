/** Selectors for elements that are a sign of a protected mail or of the notice of a parcel. */
import { NAMING } from "./any_webmail/part_names.js";
import { WEBMAIL_SIGNS } from "./webmail_signs.js";

/** Links to the page of a parcel. */
export const PARCEL_LINKS = 'a[href*="/parcel.html#"]';
export const MAIL_SIGNS = [NAMING, PARCEL_LINKS, WEBMAIL_SIGNS].join();
