// The frame of the program: folders, list, and the place for the open message.

import { api, el, icon, openMenu, showDate, showName, toast, user } from "./dom.js";
import { openCompose } from "./compose.js";
import { folderName, messageView } from "./message.js";

const POLL_MS = 60_000;
const FOLDER_ICONS = { INBOX: "inbox", Drafts: "drafts", Sent: "sent", Spam: "spam", Trash: "trash" };

let folder = "INBOX";
let openId = null;
let rows = [];

const folderList = el("ul.folder-list");
const messageList = el("ul.message-list", { role: "listbox", "aria-label": "Messages" });
const listTitle = el("h1.list-title");
const reader = el("main.reader");
const search = el("input.search", { type: "search", placeholder: "Search mail", "aria-label": "Search mail", oninput: () => drawRows() });
const sidebar = el("nav.sidebar", { "aria-label": "Folders" }, el("button.btn.btn-primary.compose-btn", { onclick: () => openCompose() }, icon("drafts"), "Compose"), folderList, el("p.quota.muted", {}, "12% of 1 GB used"));

const accountButton = el("button.account-btn", { "aria-haspopup": "menu", "aria-expanded": "false", title: user, onclick: () => openMenu(accountButton, [[`Sign out ${user}`, "sign-out", signOut]]) }, user.charAt(0).toUpperCase());
const app = document.querySelector("#app");
app.className = "layout";
app.append(
  el("header.topbar", {},
    el("button.icon-btn.nav-toggle", { title: "Folders", onclick: () => app.classList.toggle("nav-open") }, "☰"),
    el("span.brand", {}, el("img", { src: "/assets/icon.svg", alt: "", width: "26", height: "26" }), el("span.brand-name", {}, "Larkspur Mail")),
    search, accountButton),
  sidebar,
  el("section.list-pane", {}, el("div.list-head", {}, listTitle, el("button.icon-btn", { title: "Refresh", onclick: () => refresh().catch(report) }, "⟳")), messageList),
  reader);

function report(error) {
  toast(error.message);
}

async function signOut() {
  await api("/api/logout", { method: "POST" });
  location.href = "/login";
}

async function refresh() {
  const chosenFolder = folder;
  const [{ folders }, { messages }] = await Promise.all([api("/api/folders"), api(`/api/messages?folder=${encodeURIComponent(chosenFolder)}`)]);
  if (chosenFolder !== folder) return;
  rows = messages;
  drawFolders(folders);
  drawRows();
}

function drawFolders(folders) {
  folderList.replaceChildren(...folders.map(({ name, unread }) => el("li", {}, el(`button.folder${name === folder ? ".current" : ""}`, { onclick: () => go(name) },
    icon(FOLDER_ICONS[name] ?? "folder"), el("span.folder-name", {}, folderName(name)), unread ? el("span.badge", {}, String(unread)) : null))));
  const inbox = folders.find(({ name }) => name === folder);
  document.title = `${inbox?.unread ? `(${inbox.unread}) ` : ""}${folderName(folder)} · Larkspur Mail`;
}

function drawRows() {
  const term = search.value.toLowerCase();
  const shown = rows.filter((row) => `${row.subject} ${row.from.map(showName).join(" ")}`.toLowerCase().includes(term));
  listTitle.textContent = folderName(folder);
  messageList.replaceChildren(...shown.map(rowView));
  if (!shown.length) messageList.append(el("li.empty.muted", {}, term ? "Nothing found" : "This folder is empty"));
}

function rowView(row) {
  const people = folder === "Sent" ? row.to : row.from;
  const state = `${row.seen ? "" : ".unread"}${row.id === openId ? ".selected" : ""}`;
  return el(`li.message-row${state}`, { role: "option", tabindex: "0", "aria-selected": String(row.id === openId), onclick: () => go(folder, row.id), onkeydown: (event) => event.key === "Enter" && go(folder, row.id) },
    el("div.row-line", {}, el("span.row-from", {}, people.map(showName).join(", ") || "(unknown)"), el("time.row-date.muted", {}, showDate(row.date))),
    el("div.row-line", {}, el("span.row-subject", {}, row.subject || "(no subject)"), row.hasAttachments ? el("span.row-clip", { title: "Has attachments" }, icon("clip")) : null),
    el("div.row-snippet.muted", {}, row.snippet));
}

function go(name, id = null) {
  location.hash = id === null ? `#/${name}` : `#/${name}/${id}`;
}

async function route() {
  const [name, id] = decodeURIComponent(location.hash.slice(2)).split("/");
  folder = name || "INBOX";
  openId = id ? Number(id) : null;
  app.classList.remove("nav-open");
  app.classList.toggle("reading", openId !== null);
  if (openId === null) reader.replaceChildren(el("div.reader-empty.muted", {}, "Select a message to read it"));
  else await showMessage(openId);
  await refresh();
}

async function showMessage(id) {
  const message = await api(`/api/messages/${id}?folder=${encodeURIComponent(folder)}`);
  if (id !== openId) return;
  reader.replaceChildren(messageView(message, { onBack: () => go(folder), onGone: () => go(folder) }));
  reader.scrollTop = 0;
}

window.addEventListener("hashchange", () => route().catch(report));
setInterval(() => refresh().catch(() => {}), POLL_MS);
route().catch(report);
