/**
 * Fetches the page of a tab again, with its signature. The script runs in the tab and fetches with the page's own
 * origin, so the extension needs no permission for the site. The vault verifies the page; the view checks the hashes of
 * the page's resources.
 */

/**
 * @typedef {{maxPageBytes: number, maxSignatureBytes: number, maxResources: number, maxResourceBytes: number}} FetchLimits
 */
/** A fetched resource. @typedef {{url: string, base64: string}} Resource */
/**
 * A fetched page, or the code of a problem. `page` and `signature`: the bytes in base64.
 * @typedef {{problem: string} | {page: string, type: string, signature: string, resources: Resource[]}} Published
 */
/** @typedef {Awaited<ReturnType<typeof take>>} Taken */

/**
 * Fetches the page as its server sends it now, the signature that the page names, and its resources that have a hash.
 * @param {string} address
 * @param {FetchLimits} limits
 * @returns {Promise<Published>}
 */
export async function fetchPublished(address, limits) {
  const page = await take(address, limits.maxPageBytes).catch((/** @type {Error} */ { message }) => message);
  if (typeof page === "string") return { problem: page === "too-large" ? "page-too-large" : "page-unreachable" };
  const document = new DOMParser().parseFromString(new TextDecoder().decode(page.bytes), "text/html");
  const base = new URL(document.querySelector("base[href]")?.getAttribute("href") ?? "", address).href;
  const named = signatureAddress(document, page.headers, { base, address });
  if (named === null) return { problem: "page-not-signed" };
  const signature = await take(named, limits.maxSignatureBytes, { credentials: "omit" }).catch(() => null);
  if (!signature) return { problem: "page-signature-unreachable" };
  const resources = await fetchResources(document, base, limits);
  return { page: page.bytes.toBase64(), type: typeOf(page), signature: signature.bytes.toBase64(), resources };
}

/**
 * Fetches the file that a link leads to. Returns null if it cannot be fetched.
 * @param {string} address
 * @param {number} maxBytes
 * @returns {Promise<{base64: string, type: string} | null>}
 */
export async function fetchLinked(address, maxBytes) {
  const file = await take(address, maxBytes, { redirect: "follow" }).catch(() => null);
  return file && { base64: file.bytes.toBase64(), type: typeOf(file) };
}

/** @param {string} url @param {number} maxBytes @param {RequestInit} [options] */
async function take(url, maxBytes, options = {}) {
  const response = await fetch(url, { cache: "no-store", redirect: "error", referrerPolicy: "no-referrer", ...options });
  if (!response.ok || !response.body) throw new Error("not-found");
  const reader = response.body.getReader();
  const chunks = [];
  let length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    length += value?.length ?? 0;
    if (length > maxBytes) throw new Error("too-large");
    chunks.push(/** @type {BlobPart} */ (value));
  }
  return { bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()), headers: response.headers };
}

/** @param {Taken} taken */
function typeOf({ headers }) {
  return headers.get("content-type") ?? "";
}

/**
 * The address of the signature, from a `link` element of the page or from the header field `Link` of the answer; null
 * for none.
 * @param {Document} document @param {Headers} headers @param {{base: string, address: string}} place
 */
function signatureAddress(document, headers, { base, address }) {
  const link = document.querySelector('link[rel~="smime-signature" i][href]')?.getAttribute("href");
  const named = link ?? linkedSignature(headers.get("link"));
  const around = link ? base : address;
  return named !== null && URL.canParse(named, around) ? new URL(named, around).href : null;
}

/** @param {string | null} header the field `Link` (RFC 8288) */
function linkedSignature(header) {
  for (const [, url, parameters] of (header ?? "").matchAll(/<([^<>]*)>([^,<]*)/gu)) {
    const relations = parameters.split(";").map((parameter) => parameter.split("=", 2)).filter(([name]) => name.trim().toLowerCase() === "rel");
    const words = relations.flatMap(([, value]) => (value ?? "").replaceAll('"', " ").toLowerCase().split(/\s/u));
    if (words.includes("smime-signature")) return url;
  }
  return null;
}

/**
 * Fetches the styles and pictures that have a hash. The view counts styles and pictures that cannot be fetched as left
 * out.
 * @param {Document} document @param {string} base @param {FetchLimits} limits
 */
async function fetchResources(document, base, { maxResources, maxResourceBytes }) {
  /** @type {Resource[]} */
  const resources = [];
  let left = maxResourceBytes;
  for (const element of [...document.querySelectorAll("link[integrity], img[integrity]")].slice(0, maxResources)) {
    const name = element.getAttribute(element.localName === "link" ? "href" : "src") ?? "";
    if (!URL.canParse(name, base)) continue;
    const { href: url } = new URL(name, base);
    const integrity = element.getAttribute("integrity") ?? "";
    const taken = await take(url, left, { credentials: "omit", integrity }).catch(() => null);
    if (!taken) continue;
    left -= taken.bytes.length;
    resources.push({ url, base64: taken.bytes.toBase64() });
  }
  return resources;
}
