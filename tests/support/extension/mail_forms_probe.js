/** Makes the functions that find forms for mail available to the tests, as `mailForms` in the page. */
import { fieldsOf, findMailForm, focusedMailForm } from "../../../browser_ext/content/mail_forms.js";

globalThis.mailForms = { fieldsOf, findMailForm, focusedMailForm };
