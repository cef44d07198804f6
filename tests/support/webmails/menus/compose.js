// The pane in which a letter is written.

import { api, el, fileIcon, icon, showSize, toast } from "./dom.js";

export function openCompose({ to = [], cc = [], subject = "", intro = "", quoted = "", uploads = [], inReplyTo = "", references = "" } = {}) {
  const open = document.querySelector(".compose");
  if (open) {
    toast("Finish or discard the open draft first");
    return open.querySelector(".editor").focus();
  }
  const fields = { to: recipientsField("To", to), cc: recipientsField("Cc", cc), bcc: recipientsField("Bcc", []) };
  fields.cc.row.hidden = cc.length === 0;
  fields.bcc.row.hidden = true;
  const subjectInput = el("input.subject-input", { type: "text", name: "subject", placeholder: "Subject", "aria-label": "Subject", value: subject, autocomplete: "off" });
  const editor = el("div.editor", { contenteditable: "true", role: "textbox", "aria-multiline": "true", "aria-label": "Message body" });
  fillEditor(editor, intro, quoted);
  const files = attachments(uploads);
  const pane = el("section.compose", { role: "dialog", "aria-label": "New message" });
  const send = el("button.btn.btn-primary.send-btn", {
    type: "button",
    onclick: async () => {
      Object.values(fields).forEach(({ commit }) => commit());
      send.disabled = true;
      try {
        await api("/api/send", { method: "POST", json: { to: fields.to.values(), cc: fields.cc.values(), bcc: fields.bcc.values(), subject: subjectInput.value, html: editor.innerHTML, text: editor.innerText, uploads: await files.ids(), inReplyTo, references } });
        pane.remove();
        toast("Message sent");
      } catch (error) {
        toast(error.message);
      } finally {
        send.disabled = false;
      }
    },
  }, "Send");
  const showMore = el("button.link-btn.cc-toggle", {
    type: "button",
    onclick: () => {
      fields.cc.row.hidden = fields.bcc.row.hidden = false;
      showMore.hidden = true;
      fields.cc.input.focus();
    },
  }, "Cc/Bcc");
  fields.to.row.append(showMore);
  const discard = () => {
    files.discard();
    pane.remove();
  };
  pane.append(
    el("div.compose-head", {}, el("span.compose-title", {}, "New message"), el("button.icon-btn", { type: "button", title: "Discard draft", onclick: discard }, "✕")),
    el("div.compose-fields", {}, fields.to.row, fields.cc.row, fields.bcc.row, el("div.field-row", {}, subjectInput)),
    editor,
    files.list,
    el("div.compose-foot", {}, send, toolbar(editor), files.button, files.input));
  pane.addEventListener("dragover", (event) => event.preventDefault());
  pane.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    files.add(event.dataTransfer.files);
  });
  document.body.append(pane);
  (to.length ? editor : fields.to.input).focus();
}

function fillEditor(editor, intro, quoted) {
  editor.append(el("div", {}, el("br")));
  if (!intro) return;
  const head = el("div.quote-head");
  intro.split("\n").forEach((line) => head.append(line, el("br")));
  const quote = el("blockquote", { type: "cite" });
  quoted.trimEnd().split(/\r?\n/).forEach((line) => quote.append(line, el("br")));
  editor.append(el("div", {}, el("br")), head, quote);
}

function toolbar(editor) {
  const button = (label, command, title) => el("button.icon-btn.format-btn", {
    type: "button",
    title,
    onmousedown: (event) => event.preventDefault(),
    onclick: () => {
      editor.focus();
      document.execCommand(command);
    },
  }, label);
  return el("div.toolbar", { role: "toolbar", "aria-label": "Formatting" }, button("B", "bold", "Bold"), button("I", "italic", "Italic"), button("U", "underline", "Underline"), button("•", "insertUnorderedList", "List"));
}

function recipientsField(label, initial) {
  const chips = el("span.recipient-chips");
  const input = el("input.recipient-input", { type: "text", name: label.toLowerCase(), "aria-label": label, autocomplete: "off", spellcheck: "false" });
  const add = (text) => {
    const chip = el("span.recipient-chip", { "data-recipient": text }, el("span", {}, text), el("button.chip-remove", { type: "button", title: `Remove ${text}`, onclick: () => chip.remove() }, "×"));
    chip.classList.toggle("invalid", !/[^\s@]@[^\s@]/.test(text));
    chips.append(chip);
  };
  const commit = () => {
    input.value.split(/[,;]/).map((text) => text.trim()).filter(Boolean).forEach(add);
    input.value = "";
  };
  initial.forEach(add);
  input.addEventListener("keydown", (event) => {
    if (["Enter", ",", ";"].includes(event.key)) {
      event.preventDefault();
      commit();
    }
    if (event.key === "Backspace" && !input.value) chips.lastElementChild?.remove();
  });
  input.addEventListener("blur", commit);
  input.addEventListener("paste", () => setTimeout(() => input.value.includes(",") && commit()));
  const row = el("div.field-row.recipients", { onclick: (event) => event.target === row && input.focus() }, el("span.field-label", {}, label), chips, input);
  return { row, input, commit, values: () => [...chips.children].map((chip) => chip.dataset.recipient) };
}

function attachments(initial) {
  const list = el("div.compose-files.chips");
  const running = new Set();
  const show = (chip, file) => {
    chip.dataset.upload = file.id;
    chip.replaceChildren(
      fileIcon(file.type), el("span.file-name", {}, file.name), el("span.file-size.muted", {}, showSize(file.size)),
      el("button.chip-remove", { type: "button", title: `Remove ${file.name}`, onclick: () => remove(chip) }, "×"));
  };
  const remove = (chip) => {
    chip.remove();
    api(`/api/uploads/${chip.dataset.upload}`, { method: "DELETE" });
  };
  const upload = async (file) => {
    const chip = el("span.file-chip.uploading", {}, el("span.file-name", {}, file.name), el("progress"));
    list.append(chip);
    const form = new FormData();
    form.append("file", file);
    try {
      show(chip, await api("/api/uploads", { method: "POST", form }));
      chip.classList.remove("uploading");
    } catch (error) {
      chip.remove();
      toast(`${file.name} could not be uploaded: ${error.message}`);
    }
  };
  const add = (files) => [...files].forEach((file) => {
    const job = upload(file).finally(() => running.delete(job));
    running.add(job);
  });
  for (const file of initial) {
    const chip = el("span.file-chip");
    show(chip, file);
    list.append(chip);
  }
  const input = el("input.file-input", { type: "file", multiple: true, hidden: true });
  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
  const button = el("button.btn.attach-btn", { type: "button", title: "Attach files", onclick: () => input.click() }, icon("clip"), "Attach");
  const chipsOf = () => [...list.querySelectorAll("[data-upload]")];
  return {
    list, input, button, add,
    discard: () => chipsOf().forEach(remove),
    ids: async () => {
      await Promise.all(running);
      return chipsOf().map((chip) => chip.dataset.upload);
    },
  };
}
