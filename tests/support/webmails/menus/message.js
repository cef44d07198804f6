// The view of one message, and its actions.

import { api, el, fileIcon, messageUrl, openDialog, openMenu, request, showDate, showFull, showName, showSize, toast, user } from "./dom.js";
import { openCompose } from "./compose.js";

const FOLDERS = { INBOX: "Inbox", Drafts: "Drafts", Sent: "Sent", Spam: "Spam", Trash: "Trash" };

export function folderName(name) {
  return FOLDERS[name] ?? name;
}

/** @param onGone is called after the message has left its folder. */
export function messageView(message, { onBack, onGone }) {
  const sender = message.from[0] ?? { name: "", address: "(unknown)" };
  const more = el("button.btn.more-btn", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => openMenu(more, actions(message, onGone)) }, "More ▾");
  return el("article.message", {},
    el("header.message-head", {},
      el("div.message-bar", {}, el("button.icon-btn.back-btn", { title: "Back to list", onclick: onBack }, "←"), el("h2.message-subject", {}, message.subject || "(no subject)"), more),
      el("div.message-meta", {},
        el("span.avatar", { "aria-hidden": "true" }, showName(sender).charAt(0).toUpperCase()),
        el("div.message-people", {},
          el("div.message-from", { title: sender.address }, el("strong", {}, showName(sender)), sender.name ? el("span.muted", {}, ` <${sender.address}>`) : null),
          el("div.message-to.muted", {}, `to ${[...message.to, ...message.cc].map(showName).join(", ") || "undisclosed recipients"}`)),
        el("time.message-date.muted", { datetime: message.date }, showDate(message.date, "long")))),
    bodyView(message),
    message.attachments.length ? attachmentsView(message) : "");
}

function bodyView(message) {
  if (message.text === null && message.html) {
    const frame = el("iframe.message-html", { sandbox: "allow-same-origin allow-popups", title: "Message body", srcdoc: message.html });
    frame.addEventListener("load", () => {
      frame.style.height = `${frame.contentDocument.documentElement.scrollHeight + 8}px`;
    });
    return frame;
  }
  const body = el("div.message-body");
  for (const word of (message.text ?? "").split(/(https?:\/\/[^\s<>"]+)/)) {
    body.append(/^https?:\/\//.test(word) ? el("a", { href: word, target: "_blank", rel: "noopener noreferrer" }, word) : word);
  }
  return body;
}

function attachmentsView(message) {
  return el("section.attachments", { "aria-label": "Attachments" },
    el("h4", {}, message.attachments.length === 1 ? "1 attachment" : `${message.attachments.length} attachments`),
    el("div.chips", {}, ...message.attachments.map((file) => el("a.file-chip", { href: messageUrl(message, `/attachments/${file.part}`), download: file.name || true, title: `Download ${file.name}` },
      fileIcon(file.type),
      el("span.file-name", {}, file.name || "attachment"),
      el("span.file-size.muted", {}, showSize(file.size))))));
}

function actions(message, onGone) {
  return [
    ["Reply", "reply", () => reply(message, [])],
    ["Reply all", "reply-all", () => reply(message, [...message.to, ...message.cc])],
    ["Forward", "forward", () => forward(message)],
    null,
    ["Print", "print", () => print()],
    ["View source", "source", () => viewSource(message)],
    ["Download", "download", () => { location.href = messageUrl(message, "/download"); }],
    null,
    ["Move to…", "folder", () => chooseFolder(message, onGone)],
    ["Mark as spam", "spam", () => move(message, "Spam", onGone)],
    ["Delete", "trash", () => remove(message, onGone)],
  ];
}

async function viewSource(message) {
  const response = await request(messageUrl(message, "/raw"));
  const source = await response.text();
  openDialog("Message source", el("pre.source", { tabindex: "0" }, source), [
    ["Copy", async () => {
      await navigator.clipboard.writeText(source);
      toast("Source copied");
    }],
    ["Close", (close) => close()],
  ]);
}

function chooseFolder(message, onGone) {
  const dialog = openDialog("Move to folder", el("ul.folder-choice", {}, ...Object.keys(FOLDERS).filter((name) => name !== message.folder).map((name) => el("li", {}, el("button.link-btn", {
    onclick: () => {
      dialog.close();
      move(message, name, onGone);
    },
  }, folderName(name))))), [["Cancel", (close) => close()]]);
}

async function move(message, to, onGone) {
  await api(messageUrl(message, "/move"), { method: "POST", json: { to } });
  toast(`Moved to ${folderName(to)}`);
  onGone();
}

async function remove(message, onGone) {
  await api(messageUrl(message), { method: "DELETE" });
  toast(message.folder === "Trash" ? "Message deleted" : "Moved to Trash");
  onGone();
}

function plainText(message) {
  if (message.text !== null) return message.text;
  return message.html ? new DOMParser().parseFromString(message.html, "text/html").body.textContent : "";
}

function prefixed(subject, prefix) {
  return subject.toLowerCase().startsWith(`${prefix.toLowerCase()}:`) ? subject : `${prefix}: ${subject}`;
}

function reply(message, others) {
  const first = message.replyTo.map(showFull);
  const known = new Set([user, ...message.replyTo.map(({ address }) => address)].map((address) => address.toLowerCase()));
  openCompose({
    to: first,
    cc: others.filter(({ address }) => !known.has(address.toLowerCase())).map(showFull),
    subject: prefixed(message.subject, "Re"),
    intro: `On ${showDate(message.date, "long")}, ${message.from.map(showName).join(", ")} wrote:`,
    quoted: plainText(message),
    inReplyTo: message.messageId,
    references: `${message.references} ${message.messageId}`.trim(),
  });
}

async function forward(message) {
  const { uploads } = await api(messageUrl(message, "/forward"), { method: "POST" });
  const lines = [
    "---------- Forwarded message ----------",
    `From: ${message.from.map(showFull).join(", ")}`,
    `Date: ${showDate(message.date, "long")}`,
    `Subject: ${message.subject}`,
    `To: ${message.to.map(showFull).join(", ")}`,
  ];
  openCompose({ subject: prefixed(message.subject, "Fwd"), intro: lines.join("\n"), quoted: plainText(message), uploads });
}
