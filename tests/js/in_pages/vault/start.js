/** The functions that tests/vault/test_start.py runs in pages. */

export function everythingIsFreshAfterAStartFromTheSnapshot() {
  window.told = [];
  window.channel = new BroadcastChannel("sealwax test");
  window.channel.onmessage = ({ data }) => window.told.push(data);
}
