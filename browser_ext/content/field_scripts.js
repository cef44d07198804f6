/** The bundle for the fields, forms and files of a page. */
import { passFormData, settleFormData } from "./entries.js";
import { activate, offer } from "./fields.js";
import { guardFiles } from "./files.js";
import { watchFilledFields, watchHandedOver } from "./filled_fields.js";
import { guardForms } from "./forms.js";
import { boxes } from "./boxes.js";
import { FrameHost, places, replaced, watchReturns } from "./frame_host.js";
import { noteErrorFor, noteFor } from "./notes.js";
import { stopAddress, watchForms } from "./old_entries.js";
import { listenToBackground } from "./receivers.js";
import { openSelection } from "./selection.js";
import { world } from "./world.js";

/** The functions for fields that other bundles call. */
export const fields = {
  activate, boxes, FrameHost, noteErrorFor, noteFor, offer, openSelection, passFormData, places, replaced, settleFormData, stopAddress,
  watchHandedOver,
};

if (!world.fields) begin();

function begin() {
  world.fields = fields;
  listenToBackground();
  watchReturns();
  watchFilledFields();
  watchForms();
  guardForms();
  guardFiles();
}
