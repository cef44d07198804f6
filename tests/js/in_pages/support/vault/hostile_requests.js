/** The functions that tests/support/vault/hostile_requests.py runs in pages. */

export async function run(requests, reading, expected) {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 2));
  const report = async () => {
    while (window.reports.length === 0) await pause();
    const result = window.reports.shift();
    if (!result.ended) return result;
    window.isPrepared = false;
    vault.wake();
    while (!window.isPrepared) {
      window.channel.postMessage({ ask: true });
      await pause();
    }
    return result;
  };
  const outcomes = [];
  for (const [verb, args] of requests) {
    const { error } = await window.call(verb, args);
    const after = await report();
    const read = await window.call(...reading);
    const isRight = read.ok?.content.b64 === expected.b64;
    outcomes.push({ verb, code: error?.code ?? "ok", after, isRight, control: await report() });
  }
  return outcomes;
}
