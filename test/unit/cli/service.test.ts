import { expect } from 'vitest';
import { describeService } from '../../../cli/service.ts';
import { verifies } from '../../requirement/verifies.ts';

const about = {
  node: '/opt/node 24/bin/node',
  main: '/home/me/$s & <b>/main.js',
  folder: '/home/me/100% mine',
  path: '/usr/bin:/home/me/"x"',
  home: '/home/me',
};

verifies('cli.server', 'writes what systemd and launchd read, whatever its folders are called', () => {
  const unit = describeService('linux', about);
  expect(unit.file).toBe('/home/me/.config/systemd/user/switchboard.service');
  expect(unit.text).toContain('ExecStart="/opt/node 24/bin/node" "/home/me/$$s & <b>/main.js" serve\n');
  expect(unit.text).toContain('WorkingDirectory=/home/me/100%% mine\n');
  expect(unit.text).toContain('Environment="PATH=/usr/bin:/home/me/\\"x\\""\n');

  const plist = describeService('darwin', about);
  expect(plist.file).toBe('/home/me/Library/LaunchAgents/local.switchboard.plist');
  expect(plist.text).toContain(
    '<key>ProgramArguments</key><array><string>/opt/node 24/bin/node</string><string>/home/me/$s &amp; &lt;b>/main.js</string><string>serve</string></array>',
  );
  expect(plist.text).toContain('<key>WorkingDirectory</key><string>/home/me/100% mine</string>');
  // It is restarted after a failure, but not after a stop; terminals that it started survive.
  expect(plist.text).toContain(
    '<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>\n<key>AbandonProcessGroup</key><true/>',
  );
  expect(plist.install).toEqual([['launchctl', 'load', '-w', plist.file]]);
  expect(() => describeService('win32', about)).toThrow('No service is known for win32');
});
