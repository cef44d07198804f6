/** Gives the functions that look for forms for mail to a page of the tests. */
import { findMailForm, focusedMailForm } from "../../../browser_ext/content/mail_forms.js";

globalThis.mailForms = { findMailForm, focusedMailForm };
