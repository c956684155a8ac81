import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentLine, bannerLines, repairLines, tunnelLines } from './banner.ts';
import { ConfigError, readConfig } from './config.ts';
import { createLog } from './log.ts';
import { startServer } from './server.ts';
import { DataFolderError } from './store/data-folder-error.ts';
import { salvageJournal } from './store/salvage.ts';
import { createNgrok } from './tunnel/ngrok.ts';

/** This file is built to dist/server/main.js. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const config = readConfig(process.cwd());
  const print = (lines: string[]) => process.stdout.write(`${lines.join('\n')}\n`);
  if (process.argv.includes('--repair-store')) {
    print(repairLines(salvageJournal(config.dataFolder, config.ownersFolder)));
    return;
  }
  const log = createLog(config.LOG_LEVEL);
  // Without a listener, a full disk behind the output would be an uncaught exception.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // A fault that nothing contains fails what it happened in, and must not take all running turns along.
  process.on('uncaughtException', (error) =>
    log.error({ err: error }, 'uncaught exception; the server continues'),
  );
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  const hasTunnel = config.TUNNEL === 'ngrok';
  const server = await startServer({
    config,
    log,
    version,
    packageRoot,
    tunnelProvider: hasTunnel
      ? createNgrok({ authtoken: config.NGROK_AUTHTOKEN, domain: config.NGROK_DOMAIN })
      : null,
    onTunnelChange: (status) => void tunnelLines(status).then(print),
    checkAnswers: false,
    acceptEmpty: process.argv.includes('--accept-empty'),
  });
  print(bannerLines(server, { version, project: config.project, hasTunnel }));
  void server.agentStatus().then((status) => print([agentLine(status)]));

  const hurry = new AbortController();
  let isStopping = false;
  const stop = () => {
    if (isStopping) return hurry.abort();
    isStopping = true;
    print(['Stopping; running turns may end first. Press Ctrl-C again to stop them now.']);
    server.dispose({ hurry: hurry.signal }).then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  // SIGHUP: the terminal was closed. Without an orderly end the agents would continue with no reader.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
}

main().catch((error) => {
  const isExpected = error instanceof ConfigError || error instanceof DataFolderError;
  process.stderr.write(`${isExpected ? error.message : (error.stack ?? error)}\n`);
  process.exit(isExpected ? 2 : 1);
});
