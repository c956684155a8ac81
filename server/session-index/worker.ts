import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { Indexer } from './indexer.ts';
import type { FromIndexer, IndexerStart, ToIndexer } from './port.ts';
import { openForWriting, removeIndex } from './schema.ts';
import { watchTranscripts } from './watcher.ts';
import { IndexWriter } from './writer.ts';

/**
 * Built to dist/server/session-index.js: a thread that reads transcripts, so that the main thread stays free.
 */
const port = parentPort;
if (!port) throw new Error('This is a worker of the server; start the server instead.');

// Turns and requests go first. On Linux this is the priority of the thread; elsewhere it would be that of the
// server.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);

const { home, path, agents } = workerData as IndexerStart;
const send = (message: FromIndexer) => port.postMessage(message);

/** File notifications can be lost: all transcripts are checked at this interval. */
const crawlEveryMs = 60_000;

/** A crawl that a reader waits for is not repeated within this time. */
const freshMs = 5_000;

const index = openForWriting(path, home);
const indexer = new Indexer({
  home,
  onDamage(error) {
    removeIndex(path);
    // The next thread builds it again.
    throw error;
  },
  writer: new IndexWriter(index),
  report: (progress, isListed) =>
    send({ type: 'progress', progress, isListed, agents: watching.agentFolders() }),
});
let crawledAt = performance.now();
function crawl(): void {
  crawledAt = performance.now();
  watching.ensure();
  indexer.crawlFolders();
}
const fault = (error: unknown) => send({ type: 'fault', text: String(error) });
const watching = watchTranscripts(
  home,
  { changed: (path) => indexer.checkFile(path), lost: () => crawl(), fault },
  agents,
);
const timer = setInterval(crawl, crawlEveryMs);
crawl();

port.on('message', (message: ToIndexer) => {
  if (message.type === 'look') {
    if (!watching.isComplete() || performance.now() - crawledAt > freshMs) crawl();
    return;
  }
  clearInterval(timer);
  watching.dispose();
  indexer.end();
  port.close();
});
