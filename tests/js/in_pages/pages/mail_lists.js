/** The functions that tests/pages/test_mail_lists.py runs in pages. */

export function hostile() {
  const real = window.fetch;
  const names = ["\u202Egnp.exe", "\u2067\u05D0\u05D1", "x".repeat(500), "<b>bold</b>", "a/b/c", " ",
    "\u0000\uFFFD"];
  const folder = (name, index) => ({ id: `h${index}`, name, delimiter: "/", role: null, total: 1e9, unseen: 1e9,
    uidValidity: 1, subscribed: null, rights: ["append", "flags", "folder", "move", "delete", "unknown"] });
  window.fetch = async (url, options) => {
    const answer = await real(url, options);
    if (new URL(url).pathname.endsWith("/api/folders") && !options?.method) {
      const { folders } = await answer.json();
      const more = Array.from({ length: 1000 }, (_, index) => names[index] ?? `Folder ${index}`).map(folder);
      return new Response(JSON.stringify({ folders: [...folders, ...more] }), answer);
    }
    if (!/messages\?sort/.test(String(url))) return answer;
    const page = await answer.json();
    const flags = ["$Unknown", "\\Deleted", "\\flagged", "x".repeat(1000), "__proto__", "constructor"];
    page.messages.forEach((message, index) => {
      message.flags = flags;
      message.date = [null, "nonsense", "9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"][index] ?? message.date;
      message.subject = "\u202E" + "y".repeat(900);
      message.from = "\u202E<script>".repeat(50);
    });
    return new Response(JSON.stringify(page), answer);
  };
}

export async function many() {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  const row = (index) => ({
    uid: 20000 - index, from: `Person ${index} <p${index}@example.test>`, to: "anna@example.test", size: 10,
    subject: `Number ${index}`, date: new Date(Date.now() - index * 3_600_000).toISOString(), seen: index % 2 === 0,
    flags: index % 5 ? [] : ["\\Flagged"], protection: null, problem: null,
  });
  const messages = async (_folder, { offset = 0 }) => ({
    uidValidity: 1, total: 10000, token: null, isByDate: true,
    messages: Array.from({ length: Math.min(50, 10000 - offset) }, (_, index) => row(offset + index)),
  });
  const translate = Object.assign((key) => key, { locale: "en" });
  globalThis.list = new MessageList({ translate, api: { messages }, keys: { unlocked: false } });
  const pane = document.createElement("div");
  pane.style.cssText = "block-size: 700px; overflow-y: auto";
  pane.append(list.element);
  document.body.replaceChildren(pane);
  await list.load("folder-id", {});
  globalThis.pane = pane;
  globalThis.rows = () => list.element.querySelectorAll(".row").length;
}

export function scroll(wanted) {
  return new Promise((resolve) => {
    const step = () => {
      pane.scrollTop += 4000;
      if (rows() >= wanted) resolve(rows());
      else setTimeout(step);
    };
    step();
  });
}

export async function wheel() {
  pane.scrollTop = 0;
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  const times = [];
  for (let turn = 0, before = await frame(); turn < 120; turn += 1) {
    pane.scrollTop += 600;
    const now = await frame();
    times.push(now - before);
    before = now;
  }
  return times.sort((time, other) => time - other)[60];
}

export async function foldersInsideOthersStandBelowThem() {
  const { arrangeTree } = await import("/source/webbridge/pages/mail/views/folder_tree.js");
  const folder = (name, role = null, delimiter = "/") => ({ name, role, delimiter });
  const folders = [
    folder("INBOX", "inbox"), folder("INBOX/Inside"), folder("Work"), folder("Work-2"), folder("Work/2025/May"),
    folder("Work/2025"), folder("a/b/c"), folder("no/tree", null, null), folder("/"), folder("//"),
    folder("x/".repeat(200)), folder("Work/2025/May/1/2/3"), folder("Work/2025/May/1/2"), folder("Work/2025/May/1"),
  ];
  // A server may name each folder twice.
  const isWhole = arrangeTree([...folders, ...folders]).length === 2 * folders.length;
  const tree = arrangeTree(folders).slice(0, 9);
  return [isWhole, tree.map(({ folder, depth, ownName }) => [folder.name, depth, ownName])];
}

export function swipe(subject) {
  const row = [...document.querySelectorAll(".row")]
    .find((each) => each.querySelector(".row-subject").textContent === subject);
  row.scrollIntoView({ block: "center" });
  const { left, top, width, height } = row.getBoundingClientRect();
  return [Math.round(left + width / 2), Math.round(top + height / 2)];
}

export function aMessageThatIsShownLateLeavesTheFocusWhereThePersonHasGone() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    if (String(url).includes("/raw")) await new Promise((resolve) => { window.goOn = resolve; });
    return real(url, options);
  };
}

export function chooseUse([selector, use]) {
  const select = document.querySelector(selector);
  select.value = use;
  select.dispatchEvent(new Event("change"));
}
