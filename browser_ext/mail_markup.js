/**
 * The markup of one part of a mail, made fit for a frame without scripts: nothing in it points to the network but
 * links that a person clicks. A second net: what holds is the frame's sandbox and the policy that it inherits.
 *
 * A classic script, because an opaque origin loads no modules.
 */
globalThis.sealwaxMarkup = (() => {
  const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  const OWN_STYLE = "body{font:16px/1.5 system-ui,sans-serif;margin:12px;color:#1d1b19;background:#fff;"
    + "overflow-wrap:anywhere}img{max-width:100%;height:auto}";
  /** The mail's own styles must neither hide nor alter what says where a link goes. */
  const HOST_STYLE = ["all:initial", "display:inline", "font:13px system-ui,sans-serif", "color:#57524c",
    "visibility:visible", "unicode-bidi:isolate"].map((one) => `${one}!important`).join(";");
  /** Beside those that no markup may hold. */
  const FORBIDDEN_TAGS = ["form", "input", "button", "select", "option", "textarea", "label", "fieldset", "svg", "dialog", "map",
    "area", "title", "marquee"];
  const FORBIDDEN_ATTRIBUTES = ["usemap", "tabindex"];
  const PICTURE = /^image\/(png|jpeg|gif|webp)$/u;
  const PICTURE_DATA = /^data:image\/(png|jpeg|gif|webp);base64,/iu;
  const LINK = /^(https?|mailto):/iu;

  /**
   * @param {string} markup
   * @param {(contentId: string) => Promise<string | null>} findPicture the `data:` URL of a picture of the same part
   * @returns {Promise<{document: string, links: string[], blocked: number} | null>} what the frame shows, where its links
   *   go, and how many things were left out that would have been fetched from the network; null for markup that has no
   *   stable meaning
   */
  async function prepare(markup, findPicture) {
    const root = sealwaxCleaner.clean(markup, { forbiddenTags: FORBIDDEN_TAGS, forbiddenAttributes: FORBIDDEN_ATTRIBUTES });
    if (!root) return null;
    const { body } = root;
    const foreign = removeForeignStyles(body);
    const blocked = foreign + (await fillPictures(body, findPicture));
    const links = markLinks(body);
    const document = sealwaxCleaner.finish(root, { policy: POLICY, style: OWN_STYLE });
    return document === null ? null : { document, links, blocked };
  }

  /** @param {HTMLElement} body @returns {number} how many would have fetched something */
  function removeForeignStyles(body) {
    let count = 0;
    const clean = (/** @type {string} */ css) => {
      // An escape can write any of these words otherwise.
      if (!/url\s*\(|image-set|@import|\\|src\s*\(/iu.test(css)) return css;
      count += 1;
      return "";
    };
    for (const sheet of body.querySelectorAll("style")) sheet.textContent = clean(sheet.textContent ?? "");
    for (const element of body.querySelectorAll("[style]")) {
      element.setAttribute("style", (element.getAttribute("style") ?? "").split(";").map(clean).join(";"));
    }
    return count;
  }

  /** @param {HTMLElement} body @param {(contentId: string) => Promise<string | null>} findPicture */
  async function fillPictures(body, findPicture) {
    let blocked = 0;
    for (const element of body.querySelectorAll("[src]")) {
      const source = element.getAttribute("src") ?? "";
      const contentId = /^cid:(.+)$/isu.exec(source)?.[1];
      const found = contentId && element instanceof HTMLImageElement ? await findPicture(decodeSafely(contentId)) : null;
      if (found) element.setAttribute("src", found);
      else if (!(element instanceof HTMLImageElement && PICTURE_DATA.test(source))) {
        element.removeAttribute("src");
        blocked += 1;
      }
    }
    return blocked;
  }

  /** @param {string} encoded @returns {string} */
  function decodeSafely(encoded) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  }

  /** Says beside each link where it goes. @param {HTMLElement} body @returns {string[]} */
  function markLinks(body) {
    const links = [];
    for (const element of body.querySelectorAll("[href]")) {
      const target = element instanceof HTMLAnchorElement ? readLink(element.getAttribute("href") ?? "") : null;
      if (!target) {
        element.removeAttribute("href");
        continue;
      }
      element.setAttribute("href", target.url);
      element.setAttribute("target", "_blank");
      element.setAttribute("rel", "noreferrer noopener");
      const host = body.ownerDocument.createElement("span");
      host.setAttribute("style", HOST_STYLE);
      host.textContent = ` [${target.place}]`;
      element.after(host);
      links.push(target.url);
    }
    return links;
  }

  /**
   * Where a link goes: its host, or the address that it writes to.
   * @param {string} url
   * @returns {{url: string, place: string} | null} null for what is no link to a page or an address
   */
  function readLink(url) {
    if (!LINK.test(url.trim()) || !URL.canParse(url.trim())) return null;
    const target = new URL(url.trim());
    return { url: target.href, place: target.protocol === "mailto:" ? peopleOf(target) : target.host };
  }

  /** Everybody whom a link writes to: RFC 6068 lets its header fields name more. @param {URL} link */
  function peopleOf({ pathname, searchParams }) {
    const more = [...searchParams].filter(([name]) => /^(?:to|cc|bcc)$/iu.test(name)).map(([, address]) => address);
    return [decodeSafely(pathname), ...more].filter(Boolean).join(", ");
  }

  return { prepare, readLink, isPicture: (/** @type {string} */ type) => PICTURE.test(type) };
})();
