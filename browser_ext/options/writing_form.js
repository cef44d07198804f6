/** The settings for writing: the timestamp service, and the policy of security labels. */
import { isolate } from "../../wasm_build/ui/formats.js";
import { ask } from "../shared/request.js";
import { locale, translate } from "../texts/texts.js";
import { byId, inputById, tellChange, whenSubmitted } from "./parts.js";

/** @param {() => Promise<void>} refresh */
export function watchWriting(refresh) {
  whenSubmitted("timestamp-form", () => change(ask("writing.service", { address: inputById("timestamp-service").value })));
  byId("labels-remove").addEventListener("click", () => void change(ask("writing.no-labels")));
  inputById("label-file").addEventListener("change", async () => {
    const [file] = inputById("label-file").files ?? [];
    inputById("label-file").value = "";
    if (file) await change(ask("writing.labels", { bytes: await file.arrayBuffer() }));
  });

  /** @param {Promise<unknown>} changed */
  function change(changed) {
    return tellChange("writing", changed, refresh);
  }
}

/** @param {import("../background/writing/writing.js").Writing} writing */
export function showWriting({ timestampService, labelPolicy }) {
  // The field keeps text that the person is typing, or that was refused.
  const isLeft = document.activeElement !== byId("timestamp-service") && !byId("writing-problem").textContent;
  if (isLeft) inputById("timestamp-service").value = timestampService;
  const names = labelPolicy?.classifications.map(({ name }) => isolate(name)) ?? [];
  const list = new Intl.ListFormat(locale(), { type: "conjunction" }).format(names);
  byId("labels").textContent = labelPolicy ? translate("settings_labels_kept", { name: isolate(labelPolicy.name), labels: list }) : "";
  byId("labels-remove").hidden = !labelPolicy || inputById("label-file").disabled;
}
