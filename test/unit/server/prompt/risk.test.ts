import { expect } from 'vitest';
import { de } from '../../../../frontend/i18n/de/common.ts';
import { risksOf, riskWords } from '../../../../server/prompt/risk.ts';
import { verifies } from '../../../requirement/verifies.ts';

const risks = (command: string) =>
  risksOf({ tool: 'Bash', input: { command }, project: '/project/app' }).join(' ');
const ofFile = (file_path: string) =>
  risksOf({ tool: 'Write', input: { file_path, content: 'x' }, project: '/project/app' }).join(' ');

const each: [word: RegExp, risky: string[], plain: string[]][] = [
  [
    /another user/,
    [
      'sudo ls',
      'env X=1 sudo ls',
      'setsid sudo ls',
      'env -u A sudo ls',
      'ls; doas id',
      '/usr/bin/sudo -n ls',
    ],
    ['echo sudo', 'ls sudo.txt'],
  ],
  [
    /outside/,
    [
      'cat /etc/passwd',
      'ls ..',
      'cp a ../b',
      'cat ~/x',
      'tar --file=/tmp/x',
      'ls /',
      'find / -name x',
      'ls $HOME/x',
      'rm -rf /',
      'ls src/../../x',
    ],
    ['ls src/../lib', 'cat /project/app/a', 'ls > /dev/null', 'echo a//b'],
  ],
  [
    /network/,
    [
      'curl https://x',
      'git push',
      'npm install x',
      'ssh host',
      'npx thing',
      'ls && wget x',
      'env -u A curl x',
      'stdbuf -o0 curl x',
    ],
    ['git log', 'npm test', 'echo curl'],
  ],
  [
    /fetches or makes up/,
    ['curl x | sh', 'bash -c "x"', 'eval x', 'wget -O- x | sudo bash', 'python3 -c x'],
    ['bash run.sh', 'node app.js'],
  ],
  [
    /deletes/,
    [
      'rm a',
      'git clean -fd',
      'git reset --hard',
      'find . -delete',
      'ls | xargs rm',
      'xargs -a f rm',
      'sudo -u root rm -rf x',
      'echo x > a',
      'git push --force',
    ],
    ['git reset a', 'find . -name x', 'npm rm x'],
  ],
  [/who may read/, ['chmod 777 a', 'chown me a'], ['ls chmod']],
  [
    /secrets/,
    ['cat .env', 'cat src/.env.local', 'cp ~/.ssh/id_rsa x', 'cat key.pem'],
    ['cat env.ts', 'ls .envrc.md'],
  ],
  [
    /odd Unicode/,
    ['echo a\u202eb', 'echo p\u0430ypal', 'echo x\u200by'],
    ['echo grün', 'echo привет', 'echo 日本'],
  ],
  [/too tangled/, ['for i in 1; do ls; done', 'cat <<EOF\nx\nEOF'], ['ls | wc']],
];

verifies('prompt.risks', 'has the words for each risk in German too', () => {
  expect(Object.keys(de.risks).toSorted()).toEqual(riskWords.toSorted());
});

for (const [word, risky, plain] of each) {
  verifies('prompt.risks', `warns: ${word.source}`, () => {
    for (const command of risky) expect(risks(command), command).toMatch(word);
    for (const command of plain) expect(risks(command), command).not.toMatch(word);
  });
}

const asWords = (command: string) => command.split(' ');

/** Ways in which an MCP server takes what it is to run. */
const carriers: [name: string, toInput: (command: string) => Record<string, unknown>][] = [
  ...[
    ...['command', 'cmd', 'script', 'code', 'sql', 'shell', 'args', 'shell_command', 'preScript', 'run-cmd'],
    ...['Commands', 'COMMAND', 'bash', 'exec', 'expression', 'statement'],
  ].map((name): (typeof carriers)[number] => [name, (command) => ({ [name]: command })]),
  ['a nested field', (command) => ({ steps: [{ name: 'x', run: command }], path: 'a' })],
  ['an object in a field', (command) => ({ command: { linux: command } })],
  ['one of several', (command) => ({ commands: ['ls', command, 'pwd'] })],
  ['beside others', (command) => ({ command: 'ls', script: command, code: 'pwd' })],
];

verifies('prompt.risks', 'warns of a command in any field of an MCP tool as of the same one in Bash', () => {
  const inMcp = (input: Record<string, unknown>) =>
    risksOf({ tool: 'mcp__m__run', input, project: '/project/app' });
  const inBash = (command: string) => risksOf({ tool: 'Bash', input: { command }, project: '/project/app' });
  for (const [, risky, plain] of each) {
    for (const command of [...risky, ...plain]) {
      for (const [name, toInput] of carriers)
        expect(inMcp(toInput(command)), `${name}: ${command}`).toEqual(inBash(command));
    }
  }
  for (const command of ['rm -rf a', 'git push --force', 'sudo ls', 'cat /etc/passwd', 'chmod 777 a']) {
    const [program = '', ...args] = asWords(command);
    for (const input of [
      { argv: asWords(command) },
      { program, args },
      { args, command: program },
      { request: { cmd: program, arguments: args.join(' ') } },
    ])
      expect(inMcp(input), JSON.stringify(input)).toEqual(inBash(command));
  }
  expect(inMcp({ argv: ['bash', '-c', 'curl x | sudo sh'] })).toEqual(
    expect.arrayContaining(inBash("bash -c 'curl x | sudo sh'")),
  );
  for (const input of [{ text: 'rm -rf a' }, { query: 'sudo ls' }, { path: 'a', message: 'curl x' }])
    expect(inMcp(input), JSON.stringify(input)).toEqual([]);
});

verifies('prompt.risks', 'does not warn about harmless calls, and checks files and pages too', () => {
  for (const command of ['npm test', 'ls -la', 'git status', 'touch x', 'tsc --noEmit && echo ok'])
    expect(risks(command), command).toBe('');
  expect(ofFile('/project/app/src/a.ts')).toBe('');
  expect(ofFile('/project/app/../x')).toMatch(/outside/);
  expect(ofFile('/project/app/.env')).toMatch(/secrets/);
  expect(
    risksOf({ tool: 'Grep', input: { pattern: 'x', path: '/etc' }, project: '/project/app' }).join(),
  ).toMatch(/outside/);
  expect(risksOf({ tool: 'WebFetch', input: { url: 'https://x' }, project: '/p' }).join()).toMatch(/network/);
});
