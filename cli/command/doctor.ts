import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import type { Answer } from '../../contract/endpoint.ts';
import type { Command } from '../command.ts';
import { findNoteFault, isLoopback, stateFile } from '../connection.ts';
import { CliError, exitCodes } from '../errors.ts';

type Finding = { grade: 'ok' | 'warning' | 'problem'; what: string; fix: string | null };

const passwordFix =
  'Whoever has the password can run commands here. Keep it long, and sign out devices that you no longer use.';

const readVersion = (program: string, ...args: string[]): string | null => {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  return done.status === 0 ? (done.stdout.split('\n')[0] ?? '').trim() : null;
};

const isAtLeast = (version: string, wanted: readonly [number, number]): boolean => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
};

/** A finding that is fine if `isOk`, else of this grade with this fix. */
const check = (isOk: boolean, grade: Finding['grade'], what: string, fix: string | null): Finding => ({
  grade: isOk ? 'ok' : grade,
  what,
  fix: isOk ? null : fix,
});

/** What a server needs of this machine. */
function checkMachine(): Finding[] {
  const [git, tmux] = [readVersion('git', '--version'), readVersion('tmux', '-V')];
  const findings = [
    check(
      isAtLeast(process.version, [20, 19]),
      'problem',
      `Node ${process.version}`,
      'Use Node 20.19 or newer.',
    ),
    check(
      git !== null,
      'warning',
      git ?? 'git is not installed',
      'Install git: without it turns cannot be undone.',
    ),
    check(
      tmux !== null,
      'warning',
      tmux ?? 'tmux is not installed',
      'Install tmux: without it no session can be opened in a terminal.',
    ),
  ];
  const fault = findNoteFault(process.env);
  const faultFix = 'Until then the switchboard command cannot find the server of this machine.';
  if (fault) findings.push(check(false, 'problem', fault, faultFix));
  const file = stateFile(process.env);
  if (existsSync(file)) {
    const mode = statSync(file).mode & 0o777;
    const modeFix = `chmod 600 ${file}, then restart the server: others could read its token.`;
    findings.push(check((mode & 0o077) === 0, 'problem', `${file} has mode ${mode.toString(8)}`, modeFix));
  }
  return findings;
}

/** What the server reports about Claude and its data folder. */
function checkServer(url: string, { claude, storage }: Answer<'status'>): Finding[] {
  const claudeVersion = claude.found ? `claude ${claude.version ?? ''}` : 'claude was not found';
  const findings = [
    check(true, 'ok', `a server at ${url}`, null),
    check(claude.found && claude.logged_in !== false, 'problem', claudeVersion, claude.hint ?? null),
  ];
  if (!storage.writable)
    findings.push(check(false, 'problem', `its data folder cannot be used: ${storage.detail}`, null));
  const noteFix = 'docs/data-folder.md describes each file. This is shown until the next start.';
  for (const { text } of storage.notes) findings.push(check(false, 'warning', text, noteFix));
  return findings;
}

/** From where the server can be reached. */
function checkExposure(url: string, { tunnel, host }: Answer<'status'>): Finding[] {
  const findings: Finding[] = [];
  if (tunnel.url)
    findings.push(check(false, 'warning', `open to the internet by ${tunnel.url}`, passwordFix));
  if (!isLoopback(host)) {
    const what = `open to every network of this machine (HOST=${host}), without TLS`;
    const fix = `${passwordFix} Set HOST=127.0.0.1 if a tunnel, a VPN or a proxy on this machine leads to it.`;
    findings.push(check(false, 'warning', what, fix));
  }
  if (!isLoopback(new URL(url).hostname) && url.startsWith('http:')) {
    const fix = 'Put a proxy with https in front of it, or use a VPN or the tunnel.';
    findings.push(check(false, 'problem', 'reached without TLS', fix));
  }
  if (isLoopback(host) && !tunnel.url) findings.push(check(true, 'ok', 'open to this machine only', null));
  return findings;
}

/** What can be said without a server. */
function checkWithoutServer(error: CliError): Finding[] {
  const version = readVersion(process.env['CLAUDE_BIN'] || 'claude', '--version');
  const fix = 'The package may have installed its own, which the server finds; start it to see.';
  return [
    check(false, 'problem', error.message, null),
    check(version !== null, 'warning', version ? `claude ${version}` : 'no claude on the PATH', fix),
  ];
}

const signs = { ok: '✓', warning: '!', problem: '✗' } as const;

export const doctor: Command = {
  name: 'doctor',
  group: 'server',
  args: [],
  about: 'Check requirements and how exposed the server is',
  options: [],
  examples: ['switchboard doctor'],
  async run({ client, out }) {
    const findings = checkMachine();
    try {
      const status = await client.call('status', {});
      findings.push(...checkServer(client.url, status), ...checkExposure(client.url, status));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      findings.push(...checkWithoutServer(error));
    }
    out.data(findings, () =>
      findings.map(({ grade, what, fix }) => `${signs[grade]} ${what}${fix ? `\n  ${fix}` : ''}`).join('\n'),
    );
    return findings.some(({ grade }) => grade === 'problem') ? exitCodes.failed : exitCodes.ok;
  },
};
