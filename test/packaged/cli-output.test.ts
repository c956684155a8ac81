import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import { runCli } from '../helper/cli.ts';
import { type Built, startBuilt } from '../helper/packaged.ts';
import { packageRoot } from '../helper/server.ts';
import { testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const main = join(packageRoot, 'dist/cli/main.js');
const bigLength = 200_001;

/** Runs a program and waits for its end without blocking: the scripted model is in this process. */
async function run({ workspace }: Built, command: string, args: readonly string[]) {
  const child = spawn(command, args, {
    cwd: workspace.project,
    env: testEnv(workspace),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status, stdout, stderr };
}

/** Runs a shell script with `switchboard` as a function. */
const runScript = (built: Built, script: string) =>
  run(built, 'bash', [
    '-c',
    `set -o pipefail; switchboard() { "${process.execPath}" "${main}" "$@"; }\n${script}`,
  ]);

verifies('cli.output', 'writes all of a long answer to a pipe, and fails when it cannot', async () => {
  const built = await startBuilt();
  const length = async (script: string) => Number((await runScript(built, script)).stdout.trim());
  expect(await length(`switchboard ask big '[[len 200001]]' | (sleep 0.5; wc -c)`)).toBe(bigLength + 1);
  expect(await length(`ANSWER=$(switchboard ask big '[[len 200001]]'); echo "\${#ANSWER}"`)).toBe(bigLength);
  expect(await length(`switchboard last-message big | (sleep 0.5; wc -c)`)).toBe(bigLength + 1);
  expect(await length(`switchboard logs big --json | (sleep 0.5; jq ". | length")`)).toBe(4);
  expect(await length(`switchboard export big | (sleep 0.5; wc -c)`)).toBeGreaterThan(2 * bigLength);
  expect((await runScript(built, 'switchboard logs big > /dev/null')).stderr).toContain(
    'switchboard export big',
  );
  const full = await runScript(built, 'switchboard last-message big > /dev/full');
  expect([full.status, full.stderr]).toEqual([1, 'error: The output could not be written (ENOSPC).\n']);
  expect((await runScript(built, 'switchboard --help > /dev/full')).status).toBe(1);
  const closed = 'error: The output could not be written (EBADF).\n';
  for (const command of [
    'ask big hello',
    'last-message big',
    'logs big',
    'list --json',
    '--help',
    '--version',
  ]) {
    const { status, stderr } = await runScript(built, `switchboard ${command} >&-`);
    expect([command, status, stderr]).toEqual([command, 1, expect.stringContaining(closed)]);
  }
  const script = `exec >&-; switchboard last-message big; code=$?; exit $code`;
  expect(await runScript(built, script)).toMatchObject({ status: 1, stderr: closed });
  expect((await runScript(built, 'switchboard last-message big > /dev/null')).status).toBe(0);
  // What is discarded on purpose is opened in the same way as Node opens what is closed.
  const [ignored] = await once(
    spawn(process.execPath, [main, 'last-message', 'big'], {
      cwd: built.workspace.project,
      env: testEnv(built.workspace),
      stdio: 'ignore',
    }),
    'exit',
  );
  const inherited = spawn('bash', ['-c', `"${process.execPath}" "${main}" last-message big; exit $?`], {
    cwd: built.workspace.project,
    env: testEnv(built.workspace),
    stdio: 'ignore',
  });
  expect([ignored, (await once(inherited, 'exit'))[0]]).toEqual([0, 0]);
  // A reader that has seen enough is not an error.
  expect(await runScript(built, 'switchboard last-message big | head -c 10')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^.{10}$/),
    stderr: '',
  });
  const unwritable = await runCli(built.workspace, ['export', 'big', '-o', '/nowhere/x']);
  expect(unwritable).toMatchObject({ code: 1, words: 'error: /nowhere/x cannot be written (ENOENT).\n' });
});

verifies('cli.output', 'sends the message, the file and what is piped in, together', async () => {
  const built = await startBuilt();
  const { workspace, api } = built;
  const lastText = () => api.received.at(-1)?.texts.at(-1);
  await writeFile(join(workspace.project, 'notes'), 'from a file\n');
  // As a shell does it.
  await runScript(built, 'echo piped | switchboard chat x explain');
  expect(lastText()?.trim()).toBe('explain\n\npiped');
  await runScript(built, 'switchboard chat x explain -f notes < notes');
  expect(lastText()?.trim()).toBe('explain\n\nfrom a file\n\nfrom a file');
  await runScript(built, 'switchboard chat x explain < /dev/null; switchboard chat x closed <&-');
  expect(lastText()?.trim()).toBe('closed');
  // Nobody ever writes to this socket or closes it, as under ssh.
  const child = spawn(process.execPath, [main, 'ask', 'x', 'over ssh'], {
    cwd: workspace.project,
    env: testEnv(workspace),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let words = '';
  child.stderr.on('data', (chunk) => {
    words += chunk;
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect([lastText()?.trim(), words]).toEqual([
    'over ssh',
    expect.stringContaining('Nothing arrived on standard input'),
  ]);
});

verifies('cli.output', 'lets no escape sequence of a model reach a terminal', async () => {
  const built = await startBuilt();
  const { workspace } = built;
  const hostile = 'A\u001b]0;EVIL TITLE\u0007B\u001b]52;c;ZXZpbA==\u0007C\u001b[2JD';
  const file = join(workspace.project, 'hostile');
  await writeFile(file, hostile);
  const raw = join(workspace.root, 'raw');
  const script = join(workspace.root, 'script.sh');
  const switchboard = `'${process.execPath}' '${main}'`;
  const commands = [
    'chat x -f hostile',
    'last-message x',
    'logs x',
    "chat x -f missing-$(printf '\\033]0;EVIL\\007')",
  ];
  await writeFile(
    script,
    ['stty -opost', ...commands.map((command) => `${switchboard} ${command}`)].join('\n'),
  );
  // `script` keeps every byte that the terminal was given.
  await run(built, 'script', ['-q', '-c', `bash ${script}`, raw]);
  const [, shown = ''] = /^Script started.*?\n(.*)\nScript done/s.exec(await readFile(raw, 'utf8')) ?? [];
  expect(shown.match(/Echo: ABCD/g)?.length).toBeGreaterThanOrEqual(3);
  expect(shown.replaceAll(/\u001b\[[012]m/g, '')).not.toMatch(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/,
  );
  // A pipe gets it as it is.
  const { out } = await runCli(workspace, ['last-message', 'x']);
  expect(out).toBe(`Echo: ${hostile}\n`);
});
