/**
 * Puts the extension's frame in the place of a field. The frame stands in a closed shadow root, where the page finds
 * neither the frame nor its window; what the page keeps is its own field, hidden, which receives the sealed text.
 *
 * Content scripts cannot be modules: they share one object of their isolated world.
 */
(() => {
  /** @type {any} */
  const shared = (globalThis.sealwaxContent ??= {});
  if (shared.FrameHost) return;
  const api = globalThis.browser ?? globalThis.chrome;
  const EXTENSION_ORIGIN = new URL(api.runtime.getURL("")).origin;
  const BUTTON_STYLE = "all:revert;display:inline-block;box-sizing:border-box;min-height:44px;min-width:44px;margin:4px 0;"
    + "padding:8px 16px;border:1px solid #75706a;border-radius:6px;background:#fff;color:#8c1c2b;cursor:pointer;"
    + "font:550 16px/1.5 system-ui,sans-serif";
  const FRAME_STYLE = "display:block;box-sizing:border-box;inline-size:100%;border:1px solid #75706a;border-radius:6px;"
    + "background:Canvas;color-scheme:normal";
  const NOTE_STYLE = "display:block;margin:4px 0;font:14px/1.5 system-ui,sans-serif;color:CanvasText;background:Canvas";
  const MIN_FRAME_HEIGHT = 300;
  /** A page whose policy stops the frame gives no error: silence decides. */
  const CLAIM_MILLISECONDS = 6000;
  const LOOK_MILLISECONDS = 250;

  /** @param {string} type @param {object} body */
  async function ask(type, body) {
    const reply = await api.runtime.sendMessage({ type, body });
    if (reply?.error) throw Object.assign(new Error(reply.error.message), { code: reply.error.code });
    return reply?.value;
  }

  /** Tells a frame when the page begins or ends to fade, mask or shrink it. @param {HTMLIFrameElement} frame */
  function watchLooks(frame) {
    let before = true;
    const timer = setInterval(() => {
      if (!frame.isConnected) return clearInterval(timer);
      const seen = shared.looksAsMade(frame);
      if (seen !== before) frame.contentWindow?.postMessage({ type: "seen", seen }, EXTENSION_ORIGIN);
      before = seen;
    }, LOOK_MILLISECONDS);
  }

  /** The extension's place beside one field of the page. */
  class FrameHost {
    #field;
    #onSealed;
    #minHeight;
    #isBefore;
    #box = document.createElement("div");
    #root = this.#box.attachShadow({ mode: "closed" });
    /** @type {HTMLIFrameElement | null} */
    #frame = null;
    #frameId = "";
    #isOpen = false;
    #claimed = false;
    #offered = "";
    /** @type {HTMLButtonElement | null} */
    #button = null;
    /** Answers or forwards what the frame shows. @type {(kind: string) => Promise<string>} */
    onAnswer = async () => "bad-request";
    #text = "";
    #display = "";

    /**
     * @param {HTMLElement} field
     * @param {{onSealed?: (armored: string) => string, isBefore?: boolean, minHeight?: number}} [options] `isBefore`: above
     *   the field; `minHeight` of the frame, in pixels
     */
    constructor(field, { onSealed, isBefore = false, minHeight = MIN_FRAME_HEIGHT } = {}) {
      this.#minHeight = Math.max(minHeight, MIN_FRAME_HEIGHT);
      this.#field = field;
      this.#onSealed = onSealed;
      this.#isBefore = isBefore;
      this.#box.style.cssText = "all:initial;display:block";
      boxes.add(this.#box);
      this.#stand();
    }

    /** Stands beside the field, wherever the page has put it. */
    #stand() {
      places.add(this);
      if (this.#isBefore) this.#field.before(this.#box);
      else this.#field.after(this.#box);
    }

    /** A page may take a field away or move it: a button stands beside its field, or nowhere; a frame is never moved. */
    checkPlace() {
      if (this.#isOpen) this.checkFrame();
      else if (!this.#field.isConnected) this.withdraw();
      else if (this.#box.parentNode !== this.#field.parentNode) this.#stand();
    }

    /** Takes away what was offered and said; the next offer stands here again. */
    withdraw() {
      places.delete(this);
      this.#box.remove();
    }

    /** The field holds something else now: what is shown for it goes, and what is still on its way comes nowhere. */
    dismiss() {
      hosts.delete(this.#frameId);
      this.#restoreField();
      this.#isOpen = false;
      this.#root.replaceChildren();
      this.withdraw();
    }

    get isOpen() {
      return this.#isOpen;
    }

    /**
     * Offers one button; only a click by the person counts.
     * @param {string} label
     * @param {() => Promise<void>} act
     */
    offer(label, act) {
      if (!this.#box.isConnected) this.#stand();
      if (this.#offered === label) return;
      this.#offered = label;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.style.cssText = BUTTON_STYLE;
      button.addEventListener("click", (event) => {
        if (event.isTrusted) void this.attempt(act);
      });
      this.#button = button;
      this.#root.replaceChildren(button);
    }

    /** Says something in a sentence. @param {string} text */
    say(text) {
      this.#note(text);
    }

    /** @param {() => Promise<void>} act */
    async attempt(act) {
      try {
        await act();
      } catch (error) {
        if (!this.#frameId) this.#isOpen = false;
        const key = `error_${String(/** @type {any} */ (error).code).replaceAll("-", "_")}`;
        this.#note(api.i18n.getMessage(key) || api.i18n.getMessage("contentFailed"));
      }
    }

    /**
     * Opens the frame in the field's place.
     * @param {{kind: "write" | "open" | "mail", smime: string, proposed: string[], cms: string}} request
     * @param {string} text what stood in the field, which the page has seen
     * @param {Promise<string>} [held] the mail that is going to be shown: the frame loads while it is on the way
     */
    async open(request, text, held) {
      if (this.#isOpen) return;
      this.#isOpen = true;
      this.#text = text;
      // The text goes to the frame by a message of this document; only a window must get it from the background.
      const secure = globalThis.isSecureContext;
      const early = held && secure ? this.#show(request.kind) : null;
      try {
        const mail = (await held) ?? "";
        const { frame, token } = await ask("frame.request", { ...request, mail, secure, text: secure ? "" : text });
        this.#frameId = frame;
        hosts.set(frame, this);
        if (secure) this.#handOver(token, early ?? this.#show(request.kind));
        else this.#note(api.i18n.getMessage("contentInWindow"));
      } catch (error) {
        this.#restoreField();
        this.#root.replaceChildren(...(this.#button ? [this.#button] : []));
        throw error;
      }
    }

    /**
     * @param {{type: string, armored?: string, kind?: string}} message from the background
     * @returns {string | undefined | Promise<string>} the code of a problem with the page's field, or nothing
     */
    receive({ type, armored, kind = "" }) {
      if (type === "mail.answer") return this.onAnswer(kind);
      if (type === "frame.claimed") this.#claimed = true;
      if (type === "field.sealed" && typeof armored === "string") return this.#onSealed?.(armored);
      if (type === "frame.closed") this.#close();
      if (type === "frame.left") this.checkFrame();
      return undefined;
    }

    /** A page may take the frame away: what was typed goes on in a window of the extension. */
    checkFrame() {
      if (!this.#frame || !this.#frameId || this.#frame.isConnected) return;
      this.#restoreField();
      if (!this.#box.isConnected) this.#field.after(this.#box);
      void this.attempt(() => ask("frame.lost", { frame: this.#frameId }));
      this.#root.replaceChildren();
      this.#note(api.i18n.getMessage("contentFrameLost"));
    }

    /**
     * Puts the empty frame into the field's place.
     * @param {string} kind @returns {Promise<HTMLIFrameElement>} once it is loaded
     */
    #show(kind) {
      const frame = document.createElement("iframe");
      const height = Math.max(this.#field.getBoundingClientRect().height, this.#minHeight);
      frame.src = api.runtime.getURL(kind === "mail" ? "mail_frame.html" : "broker.html");
      frame.ariaLabel = api.i18n.getMessage("frameTitle");
      frame.style.cssText = `${FRAME_STYLE};block-size:${height}px`;
      /** @type {Promise<HTMLIFrameElement>} */
      const loaded = new Promise((resolve) => frame.addEventListener("load", () => resolve(frame), { once: true }));
      this.#display = this.#field.style.display;
      this.#field.style.display = "none";
      this.#root.replaceChildren(frame);
      this.#frame = frame;
      return loaded;
    }

    /** @param {string} token @param {Promise<HTMLIFrameElement>} loaded */
    #handOver(token, loaded) {
      this.#offered = "";
      void loaded.then((frame) => {
        frame.contentWindow?.postMessage({ type: "token", token, text: this.#text }, EXTENSION_ORIGIN);
        watchLooks(frame);
      });
      setTimeout(() => void this.#moveUnlessClaimed(), CLAIM_MILLISECONDS);
    }

    async #moveUnlessClaimed() {
      if (this.#claimed || !this.#frame) return;
      this.#restoreField();
      await this.attempt(() => ask("frame.window", { frame: this.#frameId, text: this.#text }));
      this.#note(api.i18n.getMessage("contentInWindow"));
    }

    #restoreField() {
      if (!this.#frame) return;
      this.#field.style.display = this.#display;
      this.#frame = null;
    }

    #close() {
      hosts.delete(this.#frameId);
      this.#frameId = "";
      if (this.#frame) this.#restoreField();
      this.#isOpen = false;
      this.#claimed = false;
      this.#offered = "";
      this.#root.replaceChildren();
      if (boxes.has(this.#field)) this.#field.remove();
      if (!this.#field.isConnected) return this.withdraw();
      shared.offer(this.#field);
      shared.offerMail?.();
    }

    /** @param {string} text */
    #note(text) {
      this.#root.querySelector("[role=status]")?.remove();
      const note = document.createElement("span");
      note.setAttribute("role", "status");
      note.style.cssText = NOTE_STYLE;
      note.textContent = text;
      this.#root.append(note);
    }
  }

  /** What the extension has put into the page. @type {WeakSet<Node>} */
  const boxes = new WeakSet();
  /** By the frame's id, which only the extension knows. @type {Map<string, FrameHost>} */
  const hosts = new Map();
  /** Those that stand in the page. @type {Set<FrameHost>} */
  const places = new Set();
  // A page that comes back by Back has its frames as they were left: empty, and forgotten by the background.
  shared.listen("pageshow", (/** @type {PageTransitionEvent} */ { persisted }) => {
    if (!persisted) return;
    for (const host of [...hosts.values()]) if (host instanceof FrameHost) host.receive({ type: "frame.closed" });
  });
  Object.assign(shared, { FrameHost, hosts, places, boxes, ask });
})();
