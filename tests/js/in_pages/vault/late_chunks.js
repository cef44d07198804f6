const { decrypt } = SubtleCrypto.prototype;
const results = [];
globalThis.extra = () => {
  // An empty buffer was given back.
  const octets = results.filter(({ byteLength }) => byteLength > 0).map((result) => new Uint8Array(result));
  return [results.length, octets.reduce((count, view) => count + view.filter((octet) => octet !== 0).length, 0)];
};
SubtleCrypto.prototype.decrypt = async function (algorithm, ...parameters) {
  const result = await decrypt.call(this, algorithm, ...parameters);
  if (algorithm.name !== "AES-CBC") return result;
  results.push(result);
  await new Promise((resolve) => setTimeout(resolve, 200));
  return result;
};
