/**
 * The sandboxed view of a mail: the only place where its words, its fields and its files stand. It has an opaque
 * origin, no extension API and no network; it knows one MessagePort. Every part with markup stands in a frame of its
 * own inside it, which runs no script.
 *
 * A classic script, because an opaque origin loads no modules.
 */
(() => {
  /** @typedef {{path: string, hasMarkup: boolean, text: string, markup: string}} Passage */
  /** @typedef {{name: string, type: string, path: string, contentId: string, size: number}} MailFile */
  /** @typedef {{headers: [string, string][], protections: string[], passages: Passage[], files: MailFile[], text: string}} Mail */
  /** @typedef {{path: string, detached: boolean, sentence: string}} Part */
  /** @typedef {{from: string, state: string, parts: Part[]}} Verdict */

  /** Of the frame around: this document has none, but knows its address. Any page can embed it. */
  const OWN_ORIGIN = new URL(location.href).origin;
  const LENGTH_BYTES = 4;
  /** Pictures inside the text: all of one part together. */
  const MAX_PICTURE_BYTES = 20_000_000;
  /** Long enough for every browser to begin the download, short enough to let the copy go. */
  const REVOKE_AFTER_MILLISECONDS = 30_000;
  /** Of a part with markup, estimated for a narrow view. */
  const CHARACTERS_PER_LINE = 45;
  const SPARE_LINES = 4;
  const LINE_PIXELS = 28;
  const SHOWN_FIELDS = ["to", "cc", "date"];
  const MESSAGE_NAME = /\.(eml|p7m|p7s|p7c|p7b)$/iu;
  const MESSAGE_TYPE = /^(message\/(rfc822|global)|application\/(x-)?pkcs7-(mime|signature))$/u;
  const WEB_ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/u;

  /** @type {MessagePort | null} */
  let port = null;
  /** @type {ChannelKeys | null} */
  let keys = null;
  /** @type {Record<string, string>} */
  let words = {};
  /** @type {Mail | null} */
  let mail = null;
  /** @type {Verdict} */
  let verdict = { from: "", state: "plain", parts: [] };
  let asText = false;
  const problem = make("p", { class: "problem", role: "alert" });
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  const asked = new Map();

  /** @type {Record<string, (body: any) => unknown>} */
  const VERBS = {
    read: async ({ words: given, language, direction }) => {
      words = given;
      document.documentElement.lang = language;
      document.documentElement.dir = direction;
      keys = await sealwaxChannel.generateKeys();
      return keys.publicKey;
    },
    show: async ({ envelope, verdict: given }) => {
      if (!keys) throw new Error("nothing was asked for");
      const bytes = await sealwaxChannel.openWith(keys, "opened mail", envelope);
      mail = unpack(bytes);
      new Uint8Array(bytes).fill(0);
      verdict = given;
      await draw(mail);
    },
    judge: ({ verdict: given }) => {
      verdict = given;
      if (mail) document.querySelector("header")?.replaceWith(headerOf(mail));
      for (const section of document.querySelectorAll(".passage")) showCoverage(section);
    },
  };

  // What is shown leaves by copying only, never by a drag that a page may catch.
  addEventListener("dragstart", (event) => event.preventDefault(), true);

  addEventListener("message", (event) => {
    if (port || event.source !== parent || event.origin !== OWN_ORIGIN || event.data !== "port") return;
    port = event.ports[0];
    port.onmessage = ({ data }) => void (data.answered ? settle(data) : answer(data));
  });

  /** @param {{id: number, type: string, body: any}} request */
  async function answer({ id, type, body }) {
    try {
      port?.postMessage({ id, answer: await VERBS[type](body) });
    } catch (error) {
      port?.postMessage({ id, problem: String(/** @type {Error} */ (error).message) });
    }
  }

  /** @param {{answered: number, value?: any, problem?: string}} reply */
  function settle({ answered, value, problem: text }) {
    const waiting = asked.get(answered);
    asked.delete(answered);
    if (text === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(text));
  }

  /** Asks the frame around. @param {string} name @param {object} [body] @returns {Promise<any>} */
  function ask(name, body = {}) {
    const id = asked.size + Math.random();
    return new Promise((resolve, reject) => {
      asked.set(id, { resolve, reject });
      port?.postMessage({ ask: id, name, body });
    });
  }

  /** What `packContent` packed. @param {ArrayBuffer} bytes @returns {Mail} */
  function unpack(bytes) {
    const headBytes = new DataView(bytes).getUint32(0);
    const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, LENGTH_BYTES, headBytes)));
    let start = LENGTH_BYTES + headBytes;
    const texts = facts.lengths.map((/** @type {number} */ length) => {
      start += length;
      return new TextDecoder().decode(new Uint8Array(bytes, start - length, length));
    });
    const passages = facts.passages.map((/** @type {object} */ passage, /** @type {number} */ index) => (
      { ...passage, text: texts[1 + 2 * index], markup: texts[2 + 2 * index] }));
    return { ...facts, passages, text: texts[0] };
  }

  /** @param {Mail} shown */
  async function draw(shown) {
    const hasMarkup = shown.passages.some((passage) => passage.hasMarkup);
    /** @type {string[]} */
    const links = [];
    const notes = make("div");
    const passages = make("main", { class: "passages" });
    let blocked = 0;
    for (const passage of passagesOf(shown)) {
      const section = make("section", { class: "passage", "data-path": passage.path });
      if (passage.hasMarkup && !asText) blocked += await drawMarkup(section, passage, links);
      else section.append(textOf(passage.text, links));
      showCoverage(section);
      passages.append(section);
    }
    if (blocked) notes.append(make("p", { class: "note", "data-test": "blocked" }, words.blocked));
    if (!shown.passages.length && !shown.files.length) passages.append(make("p", { class: "note" }, words.empty));
    document.body.replaceChildren(
      headerOf(shown), ...(hasMarkup ? [toolsOf(shown)] : []), notes, passages, ...linksOf(links), ...filesOf(shown), problem,
    );
  }

  /** As text, a mail is what its writer sent as text; parts with a signature of their own stay apart. @param {Mail} shown */
  function passagesOf({ passages, text }) {
    const isWhole = asText && !verdict.parts.length;
    return isWhole ? [{ path: "", hasMarkup: false, text, markup: "" }] : passages;
  }

  /** @param {Element} section @param {Passage} passage @param {string[]} links @returns {Promise<number>} */
  async function drawMarkup(section, passage, links) {
    const prepared = await sealwaxMarkup.prepare(passage.markup, pictureFinder(passage.path));
    if (!prepared) {
      section.append(textOf(passage.text, links));
      return 1;
    }
    const { document: source, links: found, blocked } = prepared;
    // The markup's author chooses nothing of this frame: no scripts, no forms, no origin; links open elsewhere.
    const frame = make("iframe", {
      class: "markup", sandbox: "allow-popups allow-popups-to-escape-sandbox", title: words.markup, referrerpolicy: "no-referrer",
    });
    /** @type {HTMLIFrameElement} */ (frame).srcdoc = source;
    frame.style.blockSize = `min(55vb, ${heightFor(passage)}px)`;
    section.append(frame);
    links.push(...found);
    return blocked;
  }

  /**
   * About how high a part wants to be: nobody may ask its frame.
   * @param {Passage} passage
   */
  function heightFor({ text, markup }) {
    if (/<(img|table)\b/iu.test(markup)) return Number.MAX_SAFE_INTEGER;
    const lines = text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / CHARACTERS_PER_LINE), 0);
    return (lines + SPARE_LINES) * LINE_PIXELS;
  }

  /**
   * Pictures that the same protection covers as the text that shows them, and no others.
   * @param {string} path
   */
  function pictureFinder(path) {
    let left = MAX_PICTURE_BYTES;
    const covers = coveringOf(path).map((part) => part.path).join(" ");
    return async (/** @type {string} */ contentId) => {
      const index = mail?.files.findIndex((file) => file.contentId === contentId && sealwaxMarkup.isPicture(file.type)
        && coveringOf(file.path).map((part) => part.path).join(" ") === covers) ?? -1;
      const file = mail?.files[index];
      if (!file || file.size > left) return null;
      left -= file.size;
      return dataUrl(await fetchFile(index), file.type);
    };
  }

  /** @param {ArrayBuffer} bytes @param {string} type @returns {Promise<string>} */
  function dataUrl(bytes, type) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(new Blob([bytes], { type }));
    });
  }

  /** The parts that are protected by themselves and hold this one. @param {string} path */
  function coveringOf(path) {
    return verdict.parts.filter((part) => {
      // The second part of a multipart/signed is the signature: it covers the first alone.
      const covered = part.detached ? `${part.path}.1` : part.path;
      return path === covered || path.startsWith(`${covered}.`);
    });
  }

  /** Says beside a part whose signature covers it, where parts of the mail have their own. @param {Element} section */
  function showCoverage(section) {
    section.querySelector(".coverage")?.remove();
    if (!verdict.parts.length) return;
    const covering = coveringOf(/** @type {HTMLElement} */ (section).dataset.path ?? "");
    section.setAttribute("data-covered", String(covering.length > 0));
    const sentence = covering.map((part) => part.sentence).join(" ") || words.uncovered;
    section.prepend(make("p", { class: "coverage", dir: "auto", "data-test": "coverage" }, sentence));
  }

  /** @param {Mail} shown */
  function headerOf({ headers, protections }) {
    const field = (/** @type {string} */ name) => headers.find(([found]) => found.toLowerCase() === name)?.[1] ?? "";
    const claimed = field("from");
    /** @type {[string, string, string][]} */
    const rows = [
      [verdict.from ? words.from : words.fromClaimed, verdict.from || claimed, "from"],
      ...SHOWN_FIELDS.map((name) => /** @type {[string, string, string]} */ ([words[name], dateOr(name, field(name)), name])),
    ];
    const list = make("dl", { class: "fields" });
    for (const [label, value, name] of rows.filter(([, value]) => value)) {
      list.append(make("dt", {}, label), make("dd", { dir: "auto", "data-test": name }, value));
    }
    const header = make("header");
    // A file that is only signed has no fields at all.
    if (headers.length) header.append(make("h1", { dir: "auto", "data-test": "subject" }, field("subject") || words.noSubject));
    header.append(list, ...notesOf(headers, protections));
    return header;
  }

  /** @param {string} name @param {string} value */
  function dateOr(name, value) {
    const date = name === "date" ? new Date(value) : null;
    if (!date || Number.isNaN(date.getTime())) return value;
    return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "long" }).format(date);
  }

  /** Which fields were hidden on the way, and which stood outside all protection. @param {[string, string][]} headers @param {string[]} protections */
  function notesOf(headers, protections) {
    if (verdict.state === "plain" || verdict.state === "invalid") return [];
    const how = new Map(headers.map(([name], index) => [name.toLowerCase(), protections[index] ?? "unprotected"]));
    const named = (/** @type {string[]} */ wanted) => ["subject", ...SHOWN_FIELDS]
      .filter((name) => wanted.includes(how.get(name) ?? "")).map((name) => words[name]);
    const list = (/** @type {string[]} */ names) =>
      new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);
    /** @type {[string, string, string[]][]} */
    const notes = [
      ["hidden", words.hidden, named(["encrypted-only", "signed-and-encrypted"])],
      ["outside", words.outside, named(["unprotected"])],
    ];
    return notes.filter(([, , names]) => names.length).map(([kind, sentence, names]) =>
      make("p", { class: "note", "data-test": `fields-${kind}` }, sentence.replace("{fields}", list(names))));
  }

  /** @param {Mail} shown */
  function toolsOf(shown) {
    const button = make("button", { type: "button", "data-test": "as-text" }, asText ? words.asMarkup : words.asText);
    button.addEventListener("click", async () => {
      asText = !asText;
      await draw(shown);
      /** @type {HTMLElement | null} */ (document.querySelector("[data-test=as-text]"))?.focus();
    });
    return make("div", { class: "tools" }, button);
  }

  /** @param {string} text @param {string[]} links */
  function textOf(text, links) {
    const box = make("div", { class: "text", dir: "auto", translate: "no", "data-test": "body" });
    for (const [index, piece] of text.split(WEB_ADDRESS).entries()) {
      const target = index % 2 ? sealwaxMarkup.readLink(piece) : null;
      if (target) links.push(target.url);
      box.append(target ? linkTo(target.url, piece) : piece);
    }
    return box;
  }

  /** @param {string} url @param {string} label */
  function linkTo(url, label) {
    return make("a", { href: url, target: "_blank", rel: "noreferrer noopener", dir: "ltr" }, label);
  }

  /** Every link once more, where the mail's own styles cannot touch it: host first. @param {string[]} links */
  function linksOf(links) {
    const targets = [...new Set(links)].map((url) => sealwaxMarkup.readLink(url));
    if (!targets.length) return [];
    const list = make("ul");
    for (const target of targets) {
      if (target) list.append(make("li", {}, make("strong", { dir: "ltr" }, target.place), " ", linkTo(target.url, target.url)));
    }
    const title = words.links.replace("{count}", numbers().format(targets.length));
    return [make("details", { class: "links", "data-test": "links" }, make("summary", {}, title), list)];
  }

  /** @param {Mail} shown */
  function filesOf({ files }) {
    if (!files.length) return [];
    const list = make("ul", { class: "files", "data-test": "files" });
    for (const [index, file] of files.entries()) list.append(fileRow(file, index));
    return [make("section", { class: "attached", "aria-label": words.files }, make("h2", {}, words.files), list)];
  }

  /** @param {MailFile} file @param {number} index */
  function fileRow(file, index) {
    const facts = `${file.type} · ${sizeOf(file.size)}`;
    const described = make("span", { class: "file-words" }, make("bdi", {}, file.name), make("span", { class: "file-facts" }, facts));
    const row = make("li", { class: "file", "data-test": "file" }, described);
    if (MESSAGE_NAME.test(file.name) || MESSAGE_TYPE.test(file.type)) {
      row.append(fileButton("open", words.open, file, async () => passOn(file, index)));
    }
    row.append(fileButton("save", words.save, file, async () => save(file, await fetchFile(index))));
    return row;
  }

  /** @param {string} test @param {string} label @param {MailFile} file @param {() => Promise<void>} act */
  function fileButton(test, label, file, act) {
    const button = make("button", { type: "button", "data-test": test, "aria-label": `${label}: ${file.name}` }, label);
    button.addEventListener("click", async () => {
      problem.textContent = "";
      await act().catch((error) => { problem.textContent = error.message; });
    });
    return button;
  }

  /** @param {Intl.NumberFormatOptions} [options] */
  function numbers(options) {
    return new Intl.NumberFormat(document.documentElement.lang, options);
  }

  /** @param {number} bytes */
  function sizeOf(bytes) {
    const [unit, size] = bytes < 1000 ? ["byte", 1] : bytes < 1_000_000 ? ["kilobyte", 1000] : ["megabyte", 1_000_000];
    const options = { style: "unit", unit, unitDisplay: bytes < 1000 ? "long" : "short", maximumFractionDigits: bytes < 1_000_000 ? 0 : 1 };
    return numbers(/** @type {Intl.NumberFormatOptions} */ (options)).format(bytes / Number(size));
  }

  /** @param {number} index */
  async function fetchFile(index) {
    const { envelope } = await ask("file", { file: index });
    if (!keys) throw new Error("nothing was asked for");
    return sealwaxChannel.openWith(keys, "mail file", envelope);
  }

  /** A message inside this one is opened by the extension in a viewer of its own. @param {MailFile} file @param {number} index */
  async function passOn(file, index) {
    const { publicKey } = await ask("vaultKey");
    const envelope = await sealwaxChannel.sealTo(publicKey, "attached mail", await fetchFile(index));
    await ask("attached", { name: file.name, envelope });
  }

  /** As octets without a type, so that no browser shows a stranger's file as a page. @param {MailFile} file @param {ArrayBuffer} bytes */
  function save({ name }, bytes) {
    const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MILLISECONDS);
  }

  /**
   * @param {string} tag
   * @param {Record<string, string>} [attributes]
   * @param {...(Node | string)} children
   * @returns {HTMLElement}
   */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
})();
