/** Mails and reports that grow with a number, each in another way. */

const MARKS = "\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a";

/** @param {number} count @param {(index: number) => string} write @param {string} between */
function many(count, write, between = "") {
  return Array.from({ length: count }, (_, index) => write(index)).join(between);
}

/** @type {Record<string, (size: number) => string>} the markup of a part */
export const MARKUP = {
  attributes: (size) => `<div ${many(size, (index) => `a${index}=1`, " ")}>x</div>`,
  "bare attributes": (size) => `<div ${many(size, (index) => `a${index}`, " ")}>x</div>`,
  elements: (size) => "<b>x</b>".repeat(size),
  depth: (size) => `${"<div>".repeat(size)}x`,
  lists: (size) => "<ul><li>".repeat(size),
  "unclosed formatting": (size) => `<p>${many(size / 10, (index) => `<font size=${index}>`)}${"<p>x".repeat(size / 10)}`,
  "few open formatting": (size) => `<p>${many(40, (index) => `<font size=${index}>`)}${"<p>x".repeat(size)}`,
  table: (size) => `<table>${"<tr><td>x<td>y".repeat(size / 3)}</table>`,
  links: (size) => many(size, (index) => `<a href="https://h${index}.example/">l</a> `),
  styles: (size) => `<style>${many(size, (index) => `.a${index} b{color:red}`)}</style>${"<b>x</b>".repeat(100)}`,
  "style attribute": (size) => `<div style="${"color:red;".repeat(size)}">x</div>`,
  pictures: (size) => '<img src="https://x.example/a.png">'.repeat(size),
  words: (size) => "word ".repeat(size),
  "one word": (size) => "x".repeat(size),
  marks: (size) => `<p>${`a${MARKS.repeat(10)}`.repeat(size / 100)}`,
  "marks on one letter": (size) => `<p>a${"\u0301".repeat(size)}`,
  comments: (size) => "<!-- a b c -->".repeat(size),
  quotes: (size) => `<a title='"`.repeat(size),
  brackets: (size) => "<".repeat(size),
};

/** @type {Record<string, (size: number) => string>} the text of a part */
export const TEXT = {
  words: (size) => "word ".repeat(size),
  lines: (size) => "\n".repeat(size),
  "one word": (size) => "x".repeat(size),
  links: (size) => many(size, (index) => `https://h${index}.example/`, " "),
  marks: (size) => `a${MARKS.repeat(10)}`.repeat(size / 100),
  "marks on one letter": (size) => `a${"\u0301".repeat(size)}`,
  directions: (size) => "\u202eab\u202c".repeat(size),
  isolates: (size) => "\u2067a".repeat(size),
  "right to left": (size) => "مرحبا ".repeat(size),
};

/** A report with so many signers, recipients, layers and reasons. @param {{signers?: number, recipients?: number, reasons?: number, name?: string}} counts */
export function reportWith({ signers = 0, recipients = 0, reasons = 0, name = "Bob" }) {
  const certificate = {
    fingerprint: "f", name, addresses: ["bob@example.test"], subject: name, issuer: "CA", serialNumber: "1",
    notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-01-01T00:00:00Z", key: "RSA 2048", isCa: false,
  };
  const node = { role: "holder", mark: "open", name, certificate: "f", trust: "", revocation: "", problems: [] };
  const reason = { code: "untrusted-anchor", sentence: "Nobody vouches.", values: {} };
  const signer = {
    layer: 0, state: "signed-unverified", reasons: [reason], sid: "s", algorithm: "RSA", certificate: "f", path: ["f"],
    signingTime: null, addresses: ["bob@example.test"], sentence: "Nobody vouches.", tree: [node, node, node], trail: null,
  };
  const layer = { kind: "signed", depth: 0, algorithm: "RSA", coversWhole: true, detached: false, path: "" };
  return {
    state: "signed-unverified", sender: null, proved: null, fieldOrigin: null, headers: [], headerProtections: [], certificates: [certificate],
    reasons: Array.from({ length: Math.max(1, reasons) }, () => reason),
    layers: [layer, { ...layer, kind: "encrypted" }],
    signers: Array.from({ length: signers }, () => signer),
    recipients: Array.from({ length: recipients }, (_, index) =>
      ({ layer: 1, rid: `CN=Person ${index}`, kind: "ktri", algorithm: "RSA", opened: index === recipients - 1 })),
  };
}
