import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import type { Command } from '../command.ts';
import { isLocal, noteFault, stateFile } from '../connection.ts';
import { CliError, exitCodes } from '../fault.ts';
import { install, serviceOf, stateOf, uninstall } from '../service.ts';

type Finding = { grade: 'ok' | 'warning' | 'problem'; what: string; cure: string | null };

const versionOf = (program: string, ...args: string[]): string | null => {
  const done = spawnSync(program, args, { encoding: 'utf8' });
  return done.status === 0 ? (done.stdout.split('\n')[0] ?? '').trim() : null;
};

const atLeast = (version: string, wanted: readonly [number, number]): boolean => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
};

/** What of this machine a server needs, or is better with. */
function lookAtMachine(): Finding[] {
  const findings: Finding[] = [];
  const add = (isOk: boolean, grade: 'warning' | 'problem', what: string, cure: string) =>
    findings.push({ grade: isOk ? 'ok' : grade, what, cure: isOk ? null : cure });
  add(atLeast(process.version, [20, 19]), 'problem', `Node ${process.version}`, 'Use Node 20.19 or newer.');
  const [git, tmux] = [versionOf('git', '--version'), versionOf('tmux', '-V')];
  add(git !== null, 'warning', git ?? 'git is not there', 'Install git: without it turns cannot be undone.');
  add(
    tmux !== null,
    'warning',
    tmux ?? 'tmux is not there',
    'Install tmux: without it no session can be opened in a terminal.',
  );
  const file = stateFile(process.env);
  const fault = noteFault(process.env);
  if (fault)
    add(
      false,
      'problem',
      fault,
      'Until then the switchboard command cannot find the server of this machine.',
    );
  if (existsSync(file)) {
    const mode = statSync(file).mode & 0o777;
    add(
      (mode & 0o077) === 0,
      'problem',
      `${file} has mode ${mode.toString(8)}`,
      `chmod 600 ${file}, then restart the server: others could read its token.`,
    );
  }
  return findings;
}

const doctor: Command = {
  name: 'doctor',
  group: 'server',
  args: [],
  about: 'Check requirements and how exposed the server is',
  options: [],
  examples: ['switchboard doctor'],
  async run({ client, out }) {
    const findings = lookAtMachine();
    try {
      const { claude, tunnel, storage, host } = await client.call('status', {});
      const { hostname } = new URL(client.url);
      findings.push({ grade: 'ok', what: `a server at ${client.url}`, cure: null });
      const isIn = claude.found && claude.logged_in !== false;
      findings.push({
        grade: isIn ? 'ok' : 'problem',
        what: claude.found ? `claude ${claude.version ?? ''}` : 'claude is not found',
        cure: isIn ? null : (claude.hint ?? null),
      });
      if (!storage.writable)
        findings.push({
          grade: 'problem',
          what: `its data folder cannot be used: ${storage.detail}`,
          cure: null,
        });
      for (const { text } of storage.notes) {
        findings.push({
          grade: 'warning',
          what: text,
          cure: 'docs/data-folder.md says what each file is. This is shown until the next start.',
        });
      }
      const password =
        'Who has the password can run commands here. Keep it long, and sign devices out that you no longer use.';
      if (tunnel.url)
        findings.push({
          grade: 'warning',
          what: `open to the internet by ${tunnel.url}`,
          cure: password,
        });
      if (!isLocal(host))
        findings.push({
          grade: 'warning',
          what: `open to every network of this machine (HOST=${host}), without TLS of its own`,
          cure: `${password} Set HOST=127.0.0.1 where a tunnel, a VPN or a proxy on this machine leads to it.`,
        });
      if (!isLocal(hostname) && client.url.startsWith('http:'))
        findings.push({
          grade: 'problem',
          what: 'reached without TLS',
          cure: 'Put a proxy with https in front of it, or use a VPN or the tunnel.',
        });
      if (isLocal(host) && !tunnel.url)
        findings.push({ grade: 'ok', what: 'open to this machine alone', cure: null });
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      findings.push({ grade: 'problem', what: error.message, cure: null });
      const claude = versionOf(process.env['CLAUDE_BIN'] || 'claude', '--version');
      findings.push({
        grade: claude ? 'ok' : 'warning',
        what: claude ? `claude ${claude}` : 'no claude on the PATH',
        cure: claude
          ? null
          : 'The server brings its own where the package was installed with it; start it to see.',
      });
    }
    const signs = { ok: '✓', warning: '!', problem: '✗' } as const;
    out.data(findings, () =>
      findings
        .map(({ grade, what, cure }) => `${signs[grade]} ${what}${cure ? `\n  ${cure}` : ''}`)
        .join('\n'),
    );
    return findings.some(({ grade }) => grade === 'problem') ? exitCodes.failed : exitCodes.ok;
  },
};

const service: Command = {
  name: 'service',
  group: 'server',
  args: [
    { flags: '<action>', about: 'install, uninstall or status', choices: ['install', 'uninstall', 'status'] },
  ],
  about: 'Start the server with the machine, in this folder (systemd user unit, or launchd)',
  options: [{ flags: '--print', about: 'print what would be written, change nothing' }],
  examples: [
    'cd ~/switchboard && switchboard service install',
    'loginctl enable-linger   # so that it runs without anybody signed in',
  ],
  async run({ out }, [action = ''], values) {
    const about = {
      node: process.execPath,
      main: String(process.argv[1]),
      folder: process.cwd(),
      path: process.env['PATH'] ?? '',
      home: process.env['HOME'] ?? '',
    };
    const own = serviceOf(process.platform, about);
    const { file, text } = own;
    if (values['print']) {
      out.data({ file, text }, () => text.trimEnd());
      return exitCodes.ok;
    }
    if (action === 'status') {
      const state = stateOf(own, process.env);
      out.data({ state, file }, () => state);
      return state === 'running' ? exitCodes.ok : exitCodes.failed;
    }
    if (action === 'install') {
      install(own, process.env);
      out.say(`Installed: ${file}. Its settings come from .env in ${about.folder}.`);
      out.data({ installed: true, file }, () => '');
    } else {
      const isRemoved = uninstall(own, process.env);
      out.say(isRemoved ? `Removed: ${file}` : 'It is not installed.');
      out.data({ removed: isRemoved, file }, () => '');
    }
    return exitCodes.ok;
  },
};

export const machineCommands = [doctor, service];
