// Elements, requests and formats that all views share.

const token = document.querySelector("meta[name=csrf-token]").content;

export const user = document.querySelector("meta[name=user]").content;

/** el("button.btn", {onclick, title}, "Text", child) */
export function el(name, props = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export async function request(path, { method = "GET", json, form } = {}) {
  const headers = { "X-Requested-With": "XMLHttpRequest" };
  if (method !== "GET") headers["X-CSRF-Token"] = token;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: form ?? (json === undefined ? undefined : JSON.stringify(json)) });
  if (response.redirected && new URL(response.url).pathname === "/login") {
    location.reload();
    throw new Error("The session has ended.");
  }
  return response;
}

export async function api(path, options) {
  const response = await request(path, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `The server answered ${response.status}.`);
  return answer;
}

export function messageUrl(message, rest = "") {
  return `/api/messages/${message.id}${rest}?folder=${encodeURIComponent(message.folder)}`;
}

export function toast(text) {
  document.querySelector(".toast")?.remove();
  const node = el("div.toast", { role: "status" }, text);
  document.body.append(node);
  setTimeout(() => node.remove(), 4000);
}

export function showName({ name, address }) {
  return name || address;
}

export function showFull({ name, address }) {
  return name ? `${name} <${address}>` : address;
}

export function showSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function showDate(iso, style = "short") {
  if (!iso) return "";
  const date = new Date(iso);
  if (style === "long") return date.toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" });
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/assets/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function fileIcon(type) {
  if (type.startsWith("image/")) return icon("image");
  return icon(type.startsWith("message/") ? "letter" : "file");
}

/** A popup below a button. Items: [label, icon, action] or null for a line. */
export function openMenu(button, items) {
  if (document.querySelector(".popup-menu")) return closeMenu();
  const list = el("ul.popup-menu", { role: "menu" });
  for (const item of items) {
    if (item === null) {
      list.append(el("li.separator", { role: "separator" }));
      continue;
    }
    const [label, iconName, action] = item;
    const act = () => {
      closeMenu();
      action();
    };
    list.append(el("li.menu-item", { role: "menuitem", tabindex: "-1", onclick: act, onkeydown: (event) => event.key === "Enter" && act() }, icon(iconName), el("span", {}, label)));
  }
  document.body.append(list);
  const box = button.getBoundingClientRect();
  list.style.top = `${Math.max(8, Math.min(box.bottom + 4, innerHeight - list.offsetHeight - 8))}px`;
  list.style.left = `${Math.max(8, Math.min(box.right - list.offsetWidth, innerWidth - list.offsetWidth - 8))}px`;
  button.setAttribute("aria-expanded", "true");
  list.querySelector(".menu-item").focus();
}

export function closeMenu() {
  document.querySelector(".popup-menu")?.remove();
  document.querySelector("[aria-expanded=true]")?.setAttribute("aria-expanded", "false");
}

document.addEventListener("mousedown", (event) => {
  if (!event.target.closest(".popup-menu, [aria-haspopup]")) closeMenu();
});
document.addEventListener("keydown", (event) => {
  const items = [...document.querySelectorAll(".popup-menu .menu-item")];
  if (!items.length) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  }
  if (event.key === "Escape") closeMenu();
});

/** A dialog with a title, a body and buttons [label, action]. */
export function openDialog(title, body, buttons) {
  const dialog = el("dialog.dialog", { "aria-label": title });
  const close = () => dialog.close();
  dialog.append(
    el("div.dialog-head", {}, el("h3", {}, title), el("button.icon-btn", { title: "Close", onclick: close }, "✕")),
    el("div.dialog-body", {}, body),
    el("div.dialog-foot", {}, ...buttons.map(([label, action]) => el("button.btn", { onclick: () => action(close) }, label))),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
