/** The functions that tests/vault/test_rewind_faults.py runs in pages. */

export function damageRestoredPages() {
  const { set } = Uint8Array.prototype;
  Uint8Array.prototype.set = function (bytes, at = 0) {
    set.call(this, bytes, at);
    if (bytes.length > 100_000) for (let index = 0; index < bytes.length; index += 4096) this[at + index] ^= 1;
  };
}

export function holdKeys() {
  const { sign } = SubtleCrypto.prototype;
  self.held = [];
  SubtleCrypto.prototype.sign = function (algorithm, key, content) {
    self.held.push(key);
    return sign.call(this, algorithm, key, content);
  };
}
