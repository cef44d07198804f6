/** The bundle for webmail. It contains the bundle for fields. */
import "./field_scripts.js";
import { closeBar } from "./any_webmail/bar.js";
import { findMailForm } from "./mail_forms.js";
import { adaptors, offerMail, pickField, pickMail, takeLetters, teach, writeMailForm, writeNew } from "./webmail.js";
import { world } from "./world.js";

/** The functions for mail that the other scripts call. */
export const mail = { adaptors, findMailForm, offerMail, closeBar, pickField, pickMail, teach, writeMailForm, writeNew };

if (!world.mail) begin();

function begin() {
  world.mail = mail;
  takeLetters();
}
