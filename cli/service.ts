import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type Service = {
  file: string;
  text: string;
  install: readonly (readonly string[])[];
  uninstall: readonly (readonly string[])[];
  status: readonly string[];
};

/** What a service needs to start the server as this person would: PATH and HOME as they are now, node by its own path. */
type About = { node: string; main: string; folder: string; path: string; home: string };

const name = 'switchboard';

/** A word in a systemd unit: `%` and `"` mean something there. */
const quoteUnitWord = (text: string) =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
/** In a command `$` means something as well. */
const quoteCommandWord = (text: string) => quoteUnitWord(text).replaceAll('$', '$$$$');
const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function describeSystemd({ node, main, folder, path, home }: About): Service {
  const file = join(home, '.config', 'systemd', 'user', `${name}.service`);
  const text = `[Unit]
Description=Switchboard: the coding agents of this machine, from a phone
After=network.target

[Service]
ExecStart=${quoteCommandWord(node)} ${quoteCommandWord(main)} serve
WorkingDirectory=${folder.replaceAll('%', '%%')}
Environment=${quoteUnitWord(`PATH=${path}`)}
Restart=on-failure
# Terminals (tmux) that it has started live on.
KillMode=process

[Install]
WantedBy=default.target
`;
  const systemctl = (...args: string[]) => ['systemctl', '--user', ...args];
  return {
    file,
    text,
    install: [systemctl('daemon-reload'), systemctl('enable', '--now', `${name}.service`)],
    uninstall: [systemctl('disable', '--now', `${name}.service`)],
    status: systemctl('is-active', `${name}.service`),
  };
}

function describeLaunchd({ node, main, folder, path, home }: About): Service {
  const label = `local.${name}`;
  const file = join(home, 'Library', 'LaunchAgents', `${label}.plist`);
  const strings = (all: readonly string[]) => all.map((one) => `<string>${escapeXml(one)}</string>`).join('');
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>${label}</string>
<key>ProgramArguments</key><array>${strings([node, main, 'serve'])}</array>
<key>WorkingDirectory</key><string>${escapeXml(folder)}</string>
<key>EnvironmentVariables</key><dict><key>PATH</key><string>${escapeXml(path)}</string></dict>
<key>RunAtLoad</key><true/>
<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
<key>AbandonProcessGroup</key><true/>
</dict></plist>
`;
  return {
    file,
    text,
    install: [['launchctl', 'load', '-w', file]],
    uninstall: [['launchctl', 'unload', '-w', file]],
    status: ['launchctl', 'list', label],
  };
}

/** The service definition for this system. Throws CliError if the system has none. */
export function describeService(platform: string, about: About): Service {
  if (platform === 'linux') return describeSystemd(about);
  if (platform === 'darwin') return describeLaunchd(about);
  throw new CliError(
    `No service is known for ${platform}. Start \`switchboard serve\` by what starts programs there.`,
  );
}

function runCommand(command: readonly string[], env: Environment): { ok: boolean; words: string } {
  const [program = '', ...args] = command;
  const done = spawnSync(program, args, { encoding: 'utf8', env: env as NodeJS.ProcessEnv });
  return {
    ok: done.status === 0,
    words: done.error ? `${program} is not there` : `${done.stdout}${done.stderr}`.trim(),
  };
}

export function installService(service: Service, env: Environment): void {
  mkdirSync(dirname(service.file), { recursive: true });
  writeFileSync(service.file, service.text);
  for (const command of service.install) {
    const { ok, words } = runCommand(command, env);
    if (!ok) throw new CliError(`${service.file} is written, but \`${command.join(' ')}\` failed: ${words}`);
  }
}

export function uninstallService(service: Service, env: Environment): boolean {
  if (!existsSync(service.file)) return false;
  for (const command of service.uninstall) runCommand(command, env);
  rmSync(service.file);
  return true;
}

export function readServiceState(service: Service, env: Environment): string {
  if (!existsSync(service.file)) return 'not installed';
  return runCommand(service.status, env).ok ? 'running' : 'installed, not running';
}
