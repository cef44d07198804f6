const { importKey } = SubtleCrypto.prototype;
let running = 0;
globalThis.extra = () => running;
SubtleCrypto.prototype.importKey = function (format, ...parameters) {
  const importing = importKey.call(this, format, ...parameters);
  if (format !== "pkcs8" || !globalThis.hasImage) return importing;
  running++;
  return importing.then(async (key) => {
    await new Promise((resolve) => setTimeout(resolve, MILLISECONDS));
    running--;
    return key;
  });
};
