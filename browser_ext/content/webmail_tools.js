/** What the adaptors of webmails share: requests with the page's own session, and the few forms of mail in pages. */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.adaptors) return;

  /** An error whose `code` has a sentence in the catalogue. @param {string} code @param {string} [message] */
  function problem(code, message = code) {
    return Object.assign(new Error(message), { code });
  }

  /**
   * What the webmail answers to a request with the person's own session.
   * @param {string | URL} url
   * @param {RequestInit} [options]
   * @returns {Promise<Response>}
   */
  async function fetchFrom(url, options = {}) {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options }).catch(() => null);
    if (!response?.ok) throw problem("webmail-silent", `the webmail answered ${response?.status ?? "nothing"}`);
    return response;
  }

  /**
   * The webmail's answer to the request that sends a message. A webmail that does not answer, or fails, has perhaps
   * sent it: only an answer that refuses the request says that it has not.
   * @param {string | URL} url
   * @param {RequestInit} options
   * @returns {Promise<Response>}
   */
  async function sendTo(url, options) {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options }).catch(() => null);
    if (!response || response.status >= 500) throw problem("sending-unknown");
    if (!response.ok) throw problem("webmail-refused", `the webmail answered ${response.status}`);
    return response;
  }

  /**
   * The octets of a message. A page that asks for a login, or a preview, is no message.
   * @param {string | URL} url
   * @param {RequestInit} [options]
   * @returns {Promise<ArrayBuffer>}
   */
  async function fetchMessage(url, options) {
    const response = await fetchFrom(url, options);
    const bytes = await response.arrayBuffer();
    if (!beginsAsMessage(bytes)) throw problem("source-not-found");
    return bytes;
  }

  /**
   * Whether the first line is a header field (RFC 5322 section 2.2), or an mbox line before one.
   * @param {ArrayBuffer} bytes
   */
  function beginsAsMessage(bytes) {
    const start = new TextDecoder("latin1").decode(bytes.slice(0, 1000));
    return /^(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:/.test(start);
  }

  /**
   * The addresses in a field of recipients: `A <a@x>, "B, C" <b@x>` gives two.
   * @param {string} text
   * @returns {string[]}
   */
  function splitAddresses(text) {
    return splitOutsideQuotes(text).map(addressIn).filter((address) => address.includes("@"));
  }

  /**
   * The pieces between separators that stand in no quotes and no angle brackets. One pass: a mark that nothing closes
   * is a character like any other, and is looked for once.
   * @param {string} text
   */
  function splitOutsideQuotes(text) {
    const parts = [];
    const lastAngle = text.lastIndexOf(">");
    let [start, quotesClose] = [0, true];
    for (let at = 0; at < text.length; at += 1) {
      if (",;\n".includes(text[at])) {
        parts.push(text.slice(start, at));
        start = at + 1;
      } else if (text[at] === "<" && at < lastAngle) {
        at = text.indexOf(">", at);
      } else if (text[at] === '"' && quotesClose) {
        const end = endOfQuotes(text, at);
        quotesClose = end >= 0;
        if (quotesClose) at = end;
      }
    }
    return [...parts, text.slice(start)];
  }

  /** @param {string} text @param {number} start @returns {number} where the quotes close, -1 when they do not */
  function endOfQuotes(text, start) {
    for (let at = start + 1; at < text.length; at += 1) {
      if (text[at] === "\\") at += 1;
      else if (text[at] === '"') return at;
    }
    return -1;
  }

  /** @param {string} text a name and an address, or an address */
  function addressIn(text) {
    const opening = text.lastIndexOf("<");
    const closing = opening < 0 ? -1 : text.indexOf(">", opening);
    return (closing < 0 ? text : text.slice(opening + 1, closing)).trim();
  }

  /**
   * A field of a message's header, unfolded; nothing when there is none.
   * @param {ArrayBuffer} bytes @param {string} name
   */
  function headerField(bytes, name) {
    const head = new TextDecoder("latin1").decode(bytes).split(/\r?\n\r?\n/, 1)[0] ?? "";
    const field = new RegExp(`^${name}[ \\t]*:(.*(?:\\r?\\n[ \\t].*)*)`, "im").exec(head);
    return field?.[1]?.replace(/\r?\n[ \t]+/g, " ").trim() ?? "";
  }

  /**
   * Whether two messages are the same but for what storing one in a mailbox may change: line ends, and blank lines at
   * the end.
   * @param {ArrayBuffer} one @param {ArrayBuffer} other
   */
  function isSameMessage(one, other) {
    const [left, right] = [one, other].map((bytes) => new TextDecoder("latin1").decode(bytes));
    const settled = (/** @type {string | undefined} */ text) => (text ?? "").replace(/\r\n/g, "\n").trimEnd();
    return settled(left) === settled(right);
  }

  /**
   * The CMS object of a message that is one, for webmails which send only what they compose themselves.
   * @param {ArrayBuffer} message
   * @returns {File} `smime.p7m`
   */
  function pkcs7File(message) {
    const isBare = /^application\/(?:x-)?pkcs7-mime\b/i.test(headerField(message, "Content-Type"));
    const encoding = headerField(message, "Content-Transfer-Encoding").toLowerCase();
    if (!isBare || encoding !== "base64") throw problem("needs-raw-sending");
    const text = new TextDecoder("latin1").decode(message);
    const body = text.slice(text.search(/\r?\n\r?\n/)).replace(/\s+/g, "");
    const bytes = Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
    return new File([bytes], "smime.p7m", { type: "application/pkcs7-mime" });
  }

  /**
   * Puts a file into the page's own file input, as if the person had chosen it.
   * @param {HTMLInputElement} input @param {File} file
   */
  function chooseFile(input, file) {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Puts a text into the page's own field, as if it had been typed. @param {HTMLElement} field @param {string} text */
  function fillIn(field, text) {
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) field.value = text;
    else field.textContent = text;
    for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
  }

  /**
   * The end of sending where the webmail sends only what it composes: the sealed message is attached and the sentence
   * stands in the field; sending stays with the person. Nothing is touched before all of it was found.
   * @param {ComposedMessage} done
   * @param {{text: Element | null | undefined, files: Element | null | undefined, title: Element | null | undefined}} places
   *   `text` may stand in a frame of the page
   */
  function handOver({ message, subject, sentence }, { text, files, title }) {
    const isThere = text?.isConnected && title instanceof HTMLElement && files instanceof HTMLInputElement;
    if (!isThere) throw problem("page-not-understood");
    const file = pkcs7File(message);
    fillIn(/** @type {HTMLElement} */ (text), sentence);
    fillIn(title, subject);
    chooseFile(files, file);
    throw problem("handed-over");
  }

  shared.adaptors = [];
  shared.mail = {
    problem, fetchFrom, sendTo, fetchMessage, beginsAsMessage, splitAddresses, addressIn, headerField, isSameMessage, pkcs7File,
    handOver,
  };
})();
