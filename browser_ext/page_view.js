/**
 * The sandboxed view of a page: the only place where a page that was sealed stands. It has an opaque origin, no
 * extension API and no network; it knows one MessagePort. The page itself stands in a frame inside it, which runs no
 * script and loads nothing.
 *
 * A classic script, because an opaque origin loads no modules.
 */
(() => {
  const LENGTH_BYTES = 4;
  /** Long enough for every browser to begin the download, short enough to let the copy go. */
  const REVOKE_AFTER_MILLISECONDS = 30_000;

  /** @type {MessagePort | null} */
  let port = null;
  /** @type {ChannelKeys | null} */
  let keys = null;
  /** @type {Record<string, string>} */
  let words = {};

  /** @type {Record<string, (body: any) => unknown>} */
  const VERBS = {
    read: async ({ words: given, language, direction }) => {
      words = given;
      document.documentElement.lang = language;
      document.documentElement.dir = direction;
      keys = await sealwaxChannel.generateKeys();
      return keys.publicKey;
    },
    show: async ({ envelope, withTexts = false }) => {
      if (!keys) throw new Error("nothing was asked for");
      return draw(unpack(await sealwaxChannel.openWith(keys, "opened page", envelope)), withTexts);
    },
  };

  // What is shown leaves by copying only, never by a drag that a page may catch.
  addEventListener("dragstart", (event) => event.preventDefault(), true);

  addEventListener("message", (event) => {
    if (port || event.source !== parent || event.data !== "port") return;
    port = event.ports[0];
    port.onmessage = ({ data }) => void answer(data);
  });

  /** @param {{id: number, type: string, body: any}} request */
  async function answer({ id, type, body }) {
    try {
      port?.postMessage({ id, answer: await VERBS[type](body) });
    } catch (error) {
      port?.postMessage({ id, problem: String(/** @type {Error} */ (error).message) });
    }
  }

  /** What `packPage` packed. @param {ArrayBuffer} packed */
  function unpack(packed) {
    const headBytes = new DataView(packed).getUint32(0);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, LENGTH_BYTES, headBytes)));
    let start = LENGTH_BYTES + headBytes;
    const [bytes, ...loaded] = head.lengths.map((/** @type {number} */ length) => {
      start += length;
      return new Uint8Array(packed, start - length, length);
    });
    const resources = loaded.map((/** @type {Uint8Array} */ octets, /** @type {number} */ index) => ({ url: head.urls[index], octets }));
    return { bytes, mediaType: head.mediaType, address: head.address, resources };
  }

  /**
   * @param {{bytes: Uint8Array, mediaType: string, address: string, resources: {url: string, octets: Uint8Array}[]}} page
   * @param {boolean} withTexts whether the words leave the view: for a page of the person's own tab only
   * @returns {Promise<{leftOut: number, scripts: number, texts: string[]}>} what readers do not see
   */
  async function draw(page, withTexts) {
    const prepared = await sealwaxPage.prepare(page);
    const shown = prepared ? frameOf(prepared.document) : make("p", { class: "note" }, words.noView);
    document.body.replaceChildren(shown, ...below(prepared?.links ?? [], page));
    const texts = prepared && withTexts ? textsOf(prepared.document) : [];
    return { leftOut: prepared?.leftOut ?? 0, scripts: prepared?.scripts ?? 0, texts };
  }

  /** All words of a page, those that its styles hide too. @param {string} source */
  function textsOf(source) {
    const root = sealwaxCleaner.parse(source);
    const texts = [root.title];
    const walker = root.createTreeWalker(root.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { currentNode } = walker;
      if (currentNode.parentElement?.localName !== "style") texts.push(currentNode.nodeValue ?? "");
    }
    for (const name of ["value", "alt", "title", "placeholder"]) {
      for (const element of root.querySelectorAll(`[${name}]`)) texts.push(element.getAttribute(name) ?? "");
    }
    return texts;
  }

  /** @param {string} source */
  function frameOf(source) {
    // The page's author chooses nothing of this frame: no scripts, no forms, no origin; links open elsewhere.
    const frame = make("iframe", {
      class: "page", sandbox: "allow-popups allow-popups-to-escape-sandbox", title: words.title, referrerpolicy: "no-referrer",
    });
    /** @type {HTMLIFrameElement} */ (frame).srcdoc = source;
    return frame;
  }

  /** @param {string[]} links @param {{bytes: Uint8Array, mediaType: string}} page */
  function below(links, { bytes, mediaType }) {
    const save = make("button", { type: "button", "data-test": "save-page" }, words.save);
    save.addEventListener("click", () => download(bytes, mediaType));
    const parts = [...(links.length ? [listOf(links)] : []), ...(words.save ? [save] : [])];
    const bar = make("div", { class: "below" });
    bar.append(...parts);
    return parts.length ? [bar] : [];
  }

  /** @param {string[]} links */
  function listOf(links) {
    const items = links.map((href) => make("li", { dir: "ltr" }, href));
    const list = make("ul", {});
    list.append(...items);
    const details = make("details", { class: "links", "data-test": "links" });
    details.append(make("summary", {}, words.links.replace("{count}", new Intl.NumberFormat(document.documentElement.lang).format(links.length))), list);
    return details;
  }

  /** @param {Uint8Array} bytes @param {string} mediaType */
  function download(bytes, mediaType) {
    const ending = /^text\/html\b/iu.test(mediaType) ? "html" : /^text\//iu.test(mediaType) ? "txt" : "bin";
    const url = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)], { type: "application/octet-stream" }));
    const anchor = /** @type {HTMLAnchorElement} */ (make("a", { href: url, download: `page.${ending}` }));
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MILLISECONDS);
  }

  /** @param {string} tag @param {Record<string, string>} attributes @param {string} [text] */
  function make(tag, attributes, text = "") {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  }
})();
