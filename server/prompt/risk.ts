import { countLines, hidesCharacters } from '../../contract/visible.ts';
import { commandTextsOf } from './command-texts.ts';
import { isInside } from './rule-match.ts';
import { type Part, parseShell } from './shell.ts';

/** `outside` and `obeyed` say where its paths lead, with links followed. */
type Asked = {
  tool: string;
  input: Record<string, unknown>;
  project: string;
  outside?: boolean;
  obeyed?: boolean;
};

/** A command of more lines is not read at a glance. */
const manyLines = 12;

const networkPrograms = new Set(
  'curl wget ssh scp sftp rsync nc ncat netcat telnet ftp socat ngrok'.split(' '),
);
const deletingPrograms = new Set('rm rmdir unlink shred truncate mkfs dd'.split(' '));
const rootPrograms = new Set('sudo doas su pkexec'.split(' '));
const shells = new Set('sh bash zsh dash ksh fish python python3 node perl ruby'.split(' '));
const packageManagers = new Set(
  'npm pnpm yarn pip pip3 pipx cargo gem go apt apt-get brew docker podman npx'.split(' '),
);
const fetching = new Set('install i add ci publish pull push clone fetch download get exec dlx'.split(' '));

/** Each way in which a call can look risky, in plain words. */
const risks: readonly {
  words: string;
  holds(asked: Asked, parts: readonly Part[], command: string): boolean;
}[] = [
  {
    words: 'It runs as another user, with all rights (sudo).',
    holds: (_, parts) => parts.some((part) => programs(part).some((name) => rootPrograms.has(name))),
  },
  { words: 'It reaches outside of the project folder.', holds: reachesOutside },
  {
    words:
      'It changes a file that Claude, git, an editor or a shell obeys. No rule for a file or a folder covers that.',
    holds: ({ obeyed }) => obeyed === true,
  },
  { words: 'It uses the network.', holds: usesNetwork },
  { words: 'It runs code that it fetches or makes up on the way.', holds: runsFoundCode },
  { words: 'It deletes or overwrites things for good.', holds: deletes },
  {
    words: 'It changes who may read, write or run files.',
    holds: (_, parts) => parts.some((part) => /^(chmod|chown|chgrp|setfacl)$/.test(programs(part)[0] ?? '')),
  },
  { words: 'It touches secrets or keys.', holds: touchesSecrets },
  {
    words: 'It has hidden characters (odd Unicode): they are shown as marks.',
    holds: ({ input }) => textsOf(input).some(hidesCharacters),
  },
  {
    words: 'It has letters that look like others, or run from right to left (odd Unicode).',
    holds: hasOddUnicode,
  },
  {
    words: 'It has many lines: read it to the end.',
    holds: (_, __, command) => countLines(command) > manyLines,
  },
  {
    words: 'It is too tangled to be checked by these rules: read it to the end.',
    holds: (_, __, command) => command !== '' && parseShell(command) === null,
  },
];

/** The words for all risks: the page has them in other languages. */
export const riskWords: readonly string[] = risks.map(({ words }) => words);

/** Why a tool call looks risky, for the person who decides; empty if nothing looks risky. */
export function risksOf(asked: Asked): string[] {
  const texts = commandTextsOf(asked.input);
  // What has no command can be risky as well, for its path or its address.
  const commands = (texts.length ? texts : ['']).map((text) => ({ text, parts: partsOf(text) }));
  return risks
    .filter(({ holds }) => commands.some(({ text, parts }) => holds(asked, parts, text)))
    .map(({ words }) => words);
}

/** The commands in a text. What cannot be parsed is looked at word by word: a warning too many does no harm. */
export const partsOf = (text: string): readonly Part[] =>
  parseShell(text) ?? text.split(/[;&|\n()`{}]+/).map((piece) => piece.split(/\s+/).filter(Boolean));

/** The file or folder that a tool names. */
function pathOf(input: Record<string, unknown>): string | null {
  const path = input['file_path'] ?? input['notebook_path'] ?? input['path'];
  return typeof path === 'string' && path ? path : null;
}

const baseName = (word: string) => word.slice(word.lastIndexOf('/') + 1);

/** Programs that run another one, which is somewhere among their words. */
const wrappers = new Set(
  'sudo doas su env xargs nohup nice ionice time timeout command exec watch setsid stdbuf chroot unshare flock parallel'.split(
    ' ',
  ),
);

/** The program that a part runs; of a wrapper every word may be it. */
function programs(part: Part): string[] {
  const words = part.filter((word) => !/^\w+=/.test(word)).map(baseName);
  return wrappers.has(words[0] ?? '') ? words : words.slice(0, 1);
}

const runs = (part: Part, names: ReadonlySet<string>) => programs(part).some((name) => names.has(name));

function reachesOutside(
  { input, project, outside }: Asked,
  parts: readonly Part[],
  command: string,
): boolean {
  if (outside) return true;
  const file = pathOf(input);
  if (/\$\{?(HOME|OLDPWD)\b/.test(command)) return true;
  if (file && !isInside(normalize(file, project), project)) return true;
  const paths = parts.flat().map((word) => word.replaceAll('\0', '').replace(/^--?[\w-]+=/, ''));
  return paths.some((word) => {
    if (/^\/dev\/(null|stdin|stdout|stderr|tty)$/.test(word)) return false;
    return (
      /^~/.test(word) ||
      (/^\/(?!\/)|^\.\.(\/|$)|\/\.\.(\/|$)/.test(word) && !isInside(normalize(word, project), project))
    );
  });
}

/** An absolute path without `.` and `..`, by its text alone. */
function normalize(path: string, project: string): string {
  const steps: string[] = [];
  for (const step of (path.startsWith('/') ? path : `${project}/${path}`).split('/')) {
    if (step === '..') steps.pop();
    else if (step && step !== '.') steps.push(step);
  }
  return `/${steps.join('/')}`;
}

function usesNetwork({ tool }: Asked, parts: readonly Part[]): boolean {
  if (tool === 'WebFetch' || tool === 'WebSearch') return true;
  return parts.some((part) => {
    if (runs(part, networkPrograms)) return true;
    const isGit =
      programs(part)[0] === 'git' && part.some((word) => /^(push|pull|fetch|clone|ls-remote)$/.test(word));
    return (
      isGit ||
      (runs(part, packageManagers) &&
        (programs(part)[0] === 'npx' || part.some((word) => fetching.has(word))))
    );
  });
}

function runsFoundCode(_: Asked, parts: readonly Part[], command: string): boolean {
  const behindPipes = command
    .split('|')
    .slice(1)
    .map((text) => programs(text.trim().split(/\s+/, 8)));
  const isPiped = behindPipes.some((names) => names.some((name) => shells.has(name)));
  return (
    isPiped ||
    parts.some(
      (part) =>
        programs(part)[0] === 'eval' ||
        (runs(part, shells) && part.some((word) => /^-\w*[ce]$|^--eval$/.test(word))),
    )
  );
}

function deletes(_: Asked, parts: readonly Part[]): boolean {
  return parts.some((part) => {
    if (runs(part, deletingPrograms) || part[0] === '\0>') return true;
    const has = (...words: string[]) => words.every((word) => part.includes(word));
    if (programs(part)[0] === 'find') return has('-delete') || has('-exec');
    if (programs(part)[0] !== 'git') return false;
    return (
      has('clean') ||
      has('reset', '--hard') ||
      has('checkout', '--') ||
      has('branch', '-D') ||
      part.some((word) => /^(--force|--force-with-lease|-f)$/.test(word))
    );
  });
}

function touchesSecrets({ input }: Asked, parts: readonly Part[]): boolean {
  const words = [...parts.flat(), pathOf(input) ?? ''];
  return words.some((word) =>
    /(^|\/)(\.env(\.\w+)?|\.ssh|\.aws|\.gnupg|\.netrc|\.npmrc|id_(rsa|ed25519|ecdsa)|\.credentials\.json|credentials)(\/|$)|\.pem$/.test(
      word,
    ),
  );
}

/** All names and texts of an input. */
function textsOf(value: unknown): string[] {
  const texts: string[] = [];
  const rest = [value];
  while (rest.length) {
    const one = rest.pop();
    if (typeof one === 'string') texts.push(one);
    else if (one && typeof one === 'object') {
      // Not as arguments of one call: a list can have more items than a call can take.
      if (!Array.isArray(one)) for (const name of Object.keys(one)) texts.push(name);
      for (const item of Object.values(one)) rest.push(item);
    }
  }
  return texts;
}

/** Letters that a screen puts in another order than a program reads them: whole blocks of Unicode are kept for them. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Words that mix alphabets that look alike, names of hosts in other letters, and what a person reads in another order than a shell. */
function hasOddUnicode({ input }: Asked): boolean {
  const texts = textsOf(input);
  if (texts.some((text) => /\b(https?|wss?|ssh|git|ftp):\/\/[^\s/]*([^\0-\x7f]|\bxn--)/i.test(text)))
    return true;
  if (texts.some((text) => rightToLeft.test(text))) return true;
  return texts.some((text) => mixesAlphabets(text));
}

function mixesAlphabets(text: string): boolean {
  return (text.match(/[\p{L}\p{N}]+/gu) ?? []).some(
    (word) => /[A-Za-z]/.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word),
  );
}
