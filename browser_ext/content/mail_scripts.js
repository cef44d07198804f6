/** The bundle for webmail. It contains the bundle for fields. */
import "./field_scripts.js";
import { closeBar } from "./any_webmail/bar.js";
import { isOfMail } from "./any_webmail/mail_text.js";
import { offerParcels } from "./parcel_links.js";
import { adaptors, findForm, offerMail, pickField, pickMail, searchMail, takeLetters, teach, teachForm, writeMailForm, writeNew } from "./webmail.js";
import { world } from "./world.js";

/** The functions for mail that other bundles call. */
export const mail = { adaptors, findForm, isOfMail, offerMail, offerParcels, closeBar, pickField, pickMail, searchMail, teach, teachForm, writeMailForm, writeNew };

if (!world.mail) begin();

function begin() {
  world.mail = mail;
  takeLetters();
}
