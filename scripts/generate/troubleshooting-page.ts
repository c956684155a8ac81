import { type ErrorRow, errorTable } from '../../contract/error.ts';

/** docs/troubleshooting.md: each error with its cure. */
export function troubleshootingPage(): string {
  const rows = (Object.entries(errorTable) as [string, ErrorRow][]).map(
    ([code, row]) => `| \`${code}\` | ${row.status} | ${row.title}. | ${row.hint} |`,
  );
  return `# Troubleshooting

<!-- Made by npm run generate from contract/error.ts. -->

Every error is \`application/problem+json\` with a stable \`code\`, a \`detail\` that says what was wrong this time, and a
\`hint\` with the cure. \`request_id\` finds the request in the log.

| Code | Status | What it means | The cure |
| --- | --- | --- | --- |
${rows.join('\n')}

## Other things that can be in the way

**The answer is right but \`/api/status\` says \`logged_in: null\`.** The version of claude is too old to be asked. Turns work.

**The first answer of a day is slow.** Each message starts a process of claude, which takes about half a second.

**A turn ended and its process is still there.** It started a background shell (a dev server, a long build). The shell
goes on until it ends, until claude itself gives it up after ten minutes, or until the next message of the conversation.

**The page stays empty behind a proxy.** Turn its buffering off for \`text/event-stream\`; see [phone.md](phone.md).

**A second server does not start.** One data folder has one server. The message names the process that has it.
`;
}
