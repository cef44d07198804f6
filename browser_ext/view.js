/**
 * The sandboxed view: the only place in a page where the text stands. It has an opaque origin, no extension API and no
 * network; it knows one MessagePort. A classic script, because an opaque origin loads no modules.
 */
(() => {
  const VISIBILITY_DELAY_MILLISECONDS = 100;
  /** Of the frame around: this document has none, but knows its address. Any page can embed it. */
  const OWN_ORIGIN = new URL(location.href).origin;

  /** @type {MessagePort | null} */
  let port = null;
  /** @type {ChannelKeys | null} */
  let keys = null;
  /** Whether the focus went elsewhere, and the person has not come back since. */
  let isLost = false;
  /** Whether the page fades, masks or shrinks the frame. */
  let isAltered = false;
  /** Draws how sure it is that the keys go into the editor. */
  let showAttention = () => {};
  const box = document.createElement("div");
  box.className = "text";
  // Spelling services, translators and form histories would copy the text out of here.
  const KEPT_IN = {
    spellcheck: "false", translate: "no", autocomplete: "off", autocapitalize: "off", autocorrect: "off", "data-gramm": "false",
  };
  for (const [name, value] of Object.entries(KEPT_IN)) box.setAttribute(name, value);

  /** @type {Record<string, (body: any) => unknown>} */
  const VERBS = {
    write: ({ label, text }) => {
      box.setAttribute("role", "textbox");
      box.setAttribute("aria-multiline", "true");
      box.setAttribute("aria-label", label);
      box.contentEditable = "plaintext-only";
      box.textContent = text;
      document.body.append(box);
      watchAttention();
      box.focus();
    },
    read: async ({ label }) => {
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", label);
      box.tabIndex = 0;
      document.body.append(box);
      keys = await sealwaxChannel.generateKeys();
      return keys.publicKey;
    },
    prepare: async () => {
      keys = await sealwaxChannel.generateKeys();
      return keys.publicKey;
    },
    show: async ({ envelope }) => {
      if (!keys) throw new Error("nothing was asked for");
      const bytes = await sealwaxChannel.openWith(keys, "opened text", envelope);
      box.textContent = new TextDecoder().decode(bytes);
      new Uint8Array(bytes).fill(0);
    },
    seal: ({ publicKey }) => {
      const { buffer } = new TextEncoder().encode(box.innerText);
      return sealwaxChannel.sealTo(publicKey, "text", buffer);
    },
    attend: ({ seen }) => {
      isAltered = !seen;
      showAttention();
    },
    freeze: ({ frozen }) => {
      box.contentEditable = frozen ? "false" : "plaintext-only";
      if (frozen) return;
      // The person has just answered in the extension's own window.
      isLost = false;
      box.focus();
      showAttention();
    },
  };

  addEventListener("message", (event) => {
    if (port || event.source !== parent || event.origin !== OWN_ORIGIN || event.data !== "port") return;
    port = event.ports[0];
    port.onmessage = async ({ data: { id, type, body } }) => port?.postMessage({ id, answer: await VERBS[type](body) });
  });

  // Opened text leaves by copying only, never by a drag that a page may catch.
  addEventListener("dragstart", (event) => event.preventDefault(), true);
  box.addEventListener("input", () => port?.postMessage({ type: "typed" }));

  /**
   * Greys the editor while keys would go elsewhere, or while the page covers it (Chromium sees that). A page can take the
   * focus by a window that it opens, and give it back by closing that window: grey stays until the person comes back by
   * a click or by the Tab key. It informs and is no defence: the keys in between are the page's.
   */
  function watchAttention() {
    let seen = true;
    const show = () => box.classList.toggle("unsure", isLost || isAltered || !document.hasFocus() || !seen);
    showAttention = show;
    addEventListener("focus", show);
    addEventListener("blur", () => {
      isLost = true;
      show();
    });
    const comeBack = (/** @type {Event} */ event) => {
      if (!event.isTrusted) return;
      isLost = false;
      show();
    };
    addEventListener("pointerdown", comeBack, true);
    addEventListener("keyup", (event) => void (event.key === "Tab" && comeBack(event)), true);
    if (!("isVisible" in IntersectionObserverEntry.prototype)) return;
    /** @type {any} */
    const options = { threshold: [0, 1], trackVisibility: true, delay: VISIBILITY_DELAY_MILLISECONDS };
    new IntersectionObserver((entries) => {
      const { isVisible, intersectionRatio } = /** @type {any} */ (entries.at(-1));
      seen = isVisible && intersectionRatio === 1;
      show();
    }, options).observe(document.documentElement);
  }
})();
