/** The functions that tests/pages/test_strict.py runs in pages. */

export function beforeThePage() {
  globalThis.requests = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.kind === "request") requests.push(message.strict);
    if (message.kind === "rest" || message.kind === "end") requests.push(message.kind);
    return post.call(this, message, ...rest);
  };
}
