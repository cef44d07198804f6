/**
 * The pages of the Sealwax bridge, which seal and open mail by themselves: with the keys of this extension instead of
 * those of the key server.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  const { adaptors, mail } = shared;
  if (adaptors.some((/** @type {any} */ { name }) => name === "Sealwax")) return;
  /** No form can set it (webbridge.security). */
  const CHANGES = { "X-Sealwax": "1" };

  function recognises() {
    return shared.isWebmail("Sealwax") && document.querySelector('script[src="main.js"]') !== null;
  }

  /** @param {string} path @param {RequestInit} [options] @returns {Promise<[URL, RequestInit]>} */
  async function ask(path, options = {}) {
    const { api } = await (await mail.fetchFrom(new URL("config.json", location.href))).json();
    // Pages that came encrypted lead nowhere in clear, whatever their configuration names.
    if (location.protocol === "https:" && new URL(api).protocol !== "https:") throw mail.problem("unsafe-directory");
    return [new URL(path, api), { credentials: "include", ...options }];
  }

  function message() {
    const place = /^#\/folder\/([^/]+)\/(\d+)$/.exec(location.hash);
    if (!place) return null;
    const element = document.querySelector("[data-test=reading]");
    if (!(element instanceof HTMLElement)) throw mail.problem("page-not-understood");
    const path = `/api/folders/${place[1]}/messages/${place[2]}/raw`;
    // Sealed for keys that the pages do not have, or do not have open.
    const isProtected = element.querySelector("[data-test=reading-locked], [data-test=reading-error]") !== null;
    return { element, id: path, isProtected, fetchSource: async () => mail.fetchMessage(...(await ask(path))) };
  }

  function composer() {
    const element = document.querySelector("[data-test=compose-text]");
    if (!element && !document.querySelector("#app form textarea")) return null;
    if (!(element instanceof HTMLTextAreaElement)) throw mail.problem("page-not-understood");
    return { element, fields: () => fields(element), fetchOriginal: async () => null };
  }

  /** @param {HTMLTextAreaElement} element */
  function fields(element) {
    const value = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement | null} */ (document.querySelector(`[data-test=${name}]`))?.value ?? "";
    return { kind: "new", from: "", to: [], cc: [], subject: value("compose-subject"), text: element.value };
  }

  /** @param {ComposedMessage} done */
  async function send({ message: body, envelope: { to, cc, bcc } }) {
    const recipients = [...to, ...cc, ...bcc].join(", ");
    // Another tab may have signed in to another account since these pages were opened.
    const account = encodeURIComponent(document.querySelector("[data-test=account]")?.textContent ?? "");
    const named = { "X-Sealwax-Recipients": recipients, ...(account ? { "X-Sealwax-Account": account } : {}) };
    const headers = { ...CHANGES, "Content-Type": "application/octet-stream", ...named };
    const { outcome } = await submit(...(await ask("/api/send", { method: "POST", headers, body })));
    if (outcome !== "sent") throw mail.problem("sending-unknown");
  }

  /**
   * An error of the bridge with a code of its own says that nobody got the message, whatever its status.
   * @param {URL} url @param {RequestInit} options
   * @returns {Promise<{outcome?: string}>}
   */
  async function submit(url, options) {
    const response = await fetch(url, { cache: "no-store", ...options }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (response?.ok) return answer ?? {};
    const isRefused = typeof answer?.code === "string" && answer.code !== "server-error";
    throw mail.problem(isRefused ? "webmail-refused" : "sending-unknown");
  }

  adaptors.push({ name: "Sealwax", recognises, message, composer, send, delivery: async () => "raw" });
})();
