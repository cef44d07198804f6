/**
 * The only places where foreign markup becomes a document. There are four: a document that is only parsed, a frame without
 * scripts, a frame that runs only a script of the product, and the editor of letters, where only a few tags are allowed.
 *
 * The Trusted Types policy `sealwax-markup` of the pages allows these places. No other code has the policy, so a text of a
 * message can never become markup of the page.
 */

/** @typedef {{createHTML(markup: string): any, createScriptURL(url: string): any}} MarkupPolicy */

const NOT_HERE = ["allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation"];

/** Matches one tag that `written_markup.js` writes. */
const FEW_TAGS = /^(?:<\/?(?:p|ul|ol|li|blockquote|strong|em)>|<br>|<a href="(?:https:\/\/|mailto:)[^"<>]*">|<\/a>)$/u;

const rules = {
  createHTML: (/** @type {string} */ markup) => markup,
  createScriptURL() {
    throw new TypeError("markup loads no script");
  },
};
/** @type {MarkupPolicy} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("sealwax-markup", rules) ?? rules;

/**
 * Has the sanitizer clean a text. The sanitizer parses the text in separate documents, for which it needs the policy.
 * @param {string} markup @param {object} options of DOMPurify
 * @returns {string}
 */
export function sanitize(markup, options) {
  return DOMPurify.sanitize(markup, { ...options, TRUSTED_TYPES_POLICY: policy });
}

/** Parses markup. A document that is only parsed loads nothing. @param {string} source */
export function parseMarkup(source) {
  return new DOMParser().parseFromString(policy.createHTML(source), "text/html");
}

/**
 * Parses a further piece of markup. The document was made by `createHTMLDocument`, so it loads and runs nothing.
 * @param {Document} root @param {string} piece
 */
export function writeParsed(root, piece) {
  if (root.defaultView !== null) throw new TypeError("the document is shown");
  root.write(policy.createHTML(piece));
}

/**
 * Shows markup in a frame that has a sandbox without scripts, forms and origin.
 * @param {HTMLIFrameElement} frame
 * @param {string} source
 */
export function fillFrame(frame, source) {
  const isClosed = frame.hasAttribute("sandbox") && NOT_HERE.every((word) => !frame.sandbox.contains(word));
  if (!isClosed) throw new TypeError("the frame is no sandbox");
  frame.srcdoc = policy.createHTML(source);
}

/**
 * Shows markup in a frame whose sandbox allows scripts only, so that its origin is opaque. An inline script in `source` runs
 * only if the Content-Security-Policy of the pages has its hash.
 * @param {HTMLIFrameElement} frame
 * @param {string} source
 */
export function fillScriptFrame(frame, source) {
  if (frame.getAttribute("sandbox") !== "allow-scripts") throw new TypeError("the frame is no sandbox");
  frame.srcdoc = policy.createHTML(source);
}

/**
 * Replaces the selected words with markup, in a way that the browser can undo.
 * @param {string} markup of `written_markup.js`: markup with other tags or attributes throws an error
 */
export function insertWritten(markup) {
  const pieces = markup.split(/(<[^<>]*>)/u);
  if (!pieces.every((piece, index) => (index % 2 ? FEW_TAGS.test(piece) : !/[<>"]/u.test(piece)))) {
    throw new TypeError("only markup with the allowed tags can be inserted");
  }
  document.execCommand("insertHTML", false, policy.createHTML(markup));
}
