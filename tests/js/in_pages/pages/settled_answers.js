/** The functions that tests/pages/test_settled_answers.py runs in pages. */

export async function answer(first, second) {
  const { createAnswerActions } = await import("/source/webbridge/pages/reading/views/answer_actions.js");
  let written = null;
  const app = {
    translate: (key) => key, address: "alice@example.test", keys: { identities: [] }, api: { sharedAddresses: [] },
    write: (proposal) => { written = proposal; },
  };
  const opened = ({ report, people }) => ({
    report, headers: report.headers, text: "", shown: "",
    attachments: [{ name: "a", type: "x/y", data: new ArrayBuffer(1) }],
    reply: { inReplyTo: null, references: [], hidden: [], people },
  });
  const { element, settle } = createAnswerActions(app, opened(first), async () => new ArrayBuffer(0));
  settle({ ...opened(second), attachments: [] });
  element.querySelector("[data-test=reply-all]").click();
  const addresses = (mailboxes) => mailboxes.map(({ address }) => address);
  const { to, cc, doubtful } = written;
  element.querySelector("[data-test=forward]").click();
  const answered = { sure: addresses([...to, ...cc]), asked: addresses([...doubtful.to, ...doubtful.cc]) };
  return { ...answered, files: written.attachments.length };
}
