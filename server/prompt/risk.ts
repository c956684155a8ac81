import { fileOf, isInside } from './cover.ts';
import { type Part, parseShell } from './shell.ts';

type Asked = { tool: string; input: Record<string, unknown>; project: string };

const networkPrograms = new Set('curl wget ssh scp sftp rsync nc ncat netcat telnet ftp socat ngrok'.split(' '));
const deletingPrograms = new Set('rm rmdir unlink shred truncate mkfs dd'.split(' '));
const rootPrograms = new Set('sudo doas su pkexec'.split(' '));
const shells = new Set('sh bash zsh dash ksh fish python python3 node perl ruby'.split(' '));
const packageManagers = new Set('npm pnpm yarn pip pip3 pipx cargo gem go apt apt-get brew docker podman npx'.split(' '));
const fetching = new Set('install i add ci publish pull push clone fetch download get exec dlx'.split(' '));

/** Each way in which a call can look risky, in plain words. */
const risks: readonly { words: string; holds(asked: Asked, parts: readonly Part[], command: string): boolean }[] = [
  {
    words: 'It runs as another user, with all rights (sudo).',
    holds: (_, parts) => parts.some((part) => programs(part).some((name) => rootPrograms.has(name))),
  },
  { words: 'It reaches outside of the project folder.', holds: reachesOutside },
  { words: 'It uses the network.', holds: usesNetwork },
  { words: 'It runs code that it fetches or makes up on the way.', holds: runsFoundCode },
  { words: 'It deletes or overwrites things for good.', holds: deletes },
  {
    words: 'It changes who may read, write or run files.',
    holds: (_, parts) => parts.some((part) => /^(chmod|chown|chgrp|setfacl)$/.test(programs(part)[0] ?? '')),
  },
  { words: 'It touches secrets or keys.', holds: touchesSecrets },
  { words: 'It has characters that do not look like what they are (odd Unicode).', holds: hasOddUnicode },
  {
    words: 'It is too tangled to be checked by these rules: read it to the end.',
    holds: (_, __, command) => command !== '' && parseShell(command) === null,
  },
];

/** Why a tool call looks risky, for the person who is to decide; empty where nothing speaks against it. */
export function risksOf(asked: Asked): string[] {
  const { command } = asked.input;
  const text = typeof command === 'string' ? command : '';
  // What cannot be parsed is looked at word by word: a warning too many does no harm.
  const parts = parseShell(text) ?? text.split(/[;&|\n()`{}]+/).map((piece) => piece.split(/\s+/).filter(Boolean));
  return risks.filter(({ holds }) => holds(asked, parts, text)).map(({ words }) => words);
}

const baseName = (word: string) => word.slice(word.lastIndexOf('/') + 1);

/** The program that a part runs, with those that it is wrapped in. */
function programs(part: Part): string[] {
  const found: string[] = [];
  for (const word of part) {
    if (/^\w+=/.test(word) || (found.length && word.startsWith('-'))) continue;
    const name = baseName(word);
    found.push(name);
    if (!/^(sudo|doas|env|xargs|nohup|nice|time|timeout|command|exec|watch)$/.test(name) && !/^\d/.test(name)) break;
  }
  return found;
}

const runs = (part: Part, names: ReadonlySet<string>) => programs(part).some((name) => names.has(name));

function reachesOutside({ input, project }: Asked, parts: readonly Part[]): boolean {
  const file = fileOf(input);
  if (file) return !isInside(normalize(file, project), project);
  const paths = parts.flat().map((word) => word.replace(/^--?[\w-]+=/, ''));
  return paths.some((word) => {
    if (/^\/dev\/(null|stdin|stdout|stderr|tty)$/.test(word)) return false;
    return /^~|^\$HOME\b/.test(word) || (/^\/[^/]|^\.\.(\/|$)|\/\.\.(\/|$)/.test(word) && !isInside(normalize(word, project), project));
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
    const isGit = programs(part)[0] === 'git' && part.some((word) => /^(push|pull|fetch|clone|ls-remote)$/.test(word));
    return isGit || (runs(part, packageManagers) && (programs(part)[0] === 'npx' || part.some((word) => fetching.has(word))));
  });
}

function runsFoundCode(_: Asked, parts: readonly Part[], command: string): boolean {
  const isPiped = /\|\s*(sudo\s+)?(\S*\/)?(sh|bash|zsh|dash|python3?|node|perl|ruby)\b/.test(command);
  return (
    isPiped || parts.some((part) => programs(part)[0] === 'eval' || (runs(part, shells) && part.some((word) => /^-\w*[ce]$|^--eval$/.test(word))))
  );
}

function deletes(_: Asked, parts: readonly Part[]): boolean {
  return parts.some((part) => {
    if (runs(part, deletingPrograms) || part[0] === '>') return true;
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
  const words = [...parts.flat(), fileOf(input) ?? ''];
  return words.some((word) =>
    /(^|\/)(\.env(\.\w+)?|\.ssh|\.aws|\.gnupg|\.netrc|\.npmrc|id_(rsa|ed25519|ecdsa)|\.credentials\.json|credentials)(\/|$)|\.pem$/.test(word),
  );
}

/** Marks that turn the direction of text, blanks that cannot be seen, and words that mix alphabets that look alike. */
function hasOddUnicode({ input }: Asked): boolean {
  const text = JSON.stringify(input);
  const hidden = /\u034f|[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]|\udb40[\udc00-\udfff]/;
  if (hidden.test(text)) return true;
  return (text.match(/[\p{L}\p{N}]+/gu) ?? []).some((word) => /[A-Za-z]/.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word));
}
