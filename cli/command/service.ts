import type { Command } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { describeService, installService, readServiceState, uninstallService } from '../service.ts';
export const service: Command = {
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
    const own = describeService(process.platform, about);
    const { file, text } = own;
    if (values['print']) {
      out.data({ file, text }, () => text.trimEnd());
      return exitCodes.ok;
    }
    if (action === 'status') {
      const state = readServiceState(own, process.env);
      out.data({ state, file }, () => state);
      return state === 'running' ? exitCodes.ok : exitCodes.failed;
    }
    if (action === 'install') {
      installService(own, process.env);
      out.say(`Installed: ${file}. Its settings come from .env in ${about.folder}.`);
      out.data({ installed: true, file }, () => '');
    } else {
      const isRemoved = uninstallService(own, process.env);
      out.say(isRemoved ? `Removed: ${file}` : 'It is not installed.');
      out.data({ removed: isRemoved, file }, () => '');
    }
    return exitCodes.ok;
  },
};
