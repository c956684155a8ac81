import { expect } from 'vitest';
import { de } from '../../../../frontend/word/de.ts';
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

verifies('prompt.risks', 'says nothing of what is plain, and looks at files and pages too', () => {
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
