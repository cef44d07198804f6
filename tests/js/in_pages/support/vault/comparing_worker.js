/** The functions that tests/support/vault/comparing_worker.py runs in pages. */

export function listen() {
  window.reports = [];
  window.channel = new BroadcastChannel("sealwax test");
  window.channel.onmessage = ({ data }) => {
    if (data.report) window.reports.push(data.report);
    window.isPrepared ||= Boolean(data.prepared);
  };
}
