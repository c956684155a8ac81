import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFolder, agentPaths, parseSessionId } from '../transcript-file/list.ts';
import { contain } from '../util/contain.ts';

/** What happens to a file within this time is one change. */
const settleMs = 100;

/** The folders of so many sessions' sub-agents are watched at a time: those that something was done in last. */
const maxAgentFolders = 64;

/**
 * Tells of transcripts that change, by the system's own notices: one watch for each project's folder, not one for
 * each file. What is missed (a full table of watches, a network disk) is found by the next crawl. `known` are the
 * `agentFolders` of who watched before.
 */
export function watchTranscripts(
  home: string,
  on: { changed(path: string): void; lost(): void; fault(error: unknown): void },
  known: readonly string[] = [],
) {
  const root = join(home, 'projects');
  const watchers = new Map<string, FSWatcher>();
  const pending = new Map<string, NodeJS.Timeout>();
  const agentFolders = new Set<string>(known);
  let isDisposed = false;
  let isTold = false;

  /** Each crawl tries again, and would fail again: it is said once. */
  function onFault(error: unknown): void {
    if (!isTold) on.fault(error);
    isTold = true;
  }

  function add(folder: string, notice: (name: string) => void): void {
    if (watchers.has(folder) || isDisposed) return;
    try {
      const take = (_kind: string, name: string | Buffer | null) => name && notice(String(name));
      const watcher = watch(folder, { persistent: false }, contain(take, onFault));
      const forget = (error: unknown) => {
        onFault(error);
        watcher.close();
        watchers.delete(folder);
        on.lost();
      };
      watcher.on('error', contain(forget, onFault));
      watchers.set(folder, watcher);
    } catch (error) {
      // It is not there (any more), or there are as many watches as the system allows: crawls find what it has.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onFault(error);
    }
  }

  function scheduleLook(key: string, tell: () => unknown): void {
    if (pending.has(key)) return;
    const timer = setTimeout(() => {
      pending.delete(key);
      contain(tell, onFault)();
    }, settleMs);
    timer.unref();
    pending.set(key, timer);
  }

  const changed = (path: string) => scheduleLook(path, () => on.changed(path));

  /** Its sub-agents write beside it: their folder comes to be when the first one does. */
  async function lookAtAgents(projectFolder: string, sessionId: string): Promise<void> {
    const paths = await agentPaths(projectFolder, sessionId);
    if (!paths.length || isDisposed) return;
    const folder = agentFolder(projectFolder, sessionId);
    const isNew = !watchers.has(folder);
    agentFolders.delete(folder);
    agentFolders.add(folder);
    add(folder, (name) => changed(join(folder, name)));
    if (isNew) for (const path of paths) on.changed(path);
    const [oldest] = agentFolders;
    if (!oldest || agentFolders.size <= maxAgentFolders) return;
    agentFolders.delete(oldest);
    watchers.get(oldest)?.close();
    watchers.delete(oldest);
  }

  async function addFolders(): Promise<void> {
    for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
      const folder = join(root, entry.name);
      add(folder, (name) => {
        const sessionId = parseSessionId(name);
        if (!sessionId) return;
        if (name !== sessionId) changed(join(folder, name));
        scheduleLook(join(folder, sessionId), () => lookAtAgents(folder, sessionId));
      });
    }
  }

  /** Watches what has come to be since: a machine on which nobody has used the CLI yet has no folder at all. */
  function ensure(): void {
    add(root, () => {
      // A new folder holds its first transcript already when it is seen.
      on.lost();
      addFolders().catch(onFault);
    });
    addFolders().catch(onFault);
  }

  ensure();
  for (const folder of known) add(folder, (name) => changed(join(folder, name)));
  return {
    ensure,
    /** Where sub-agents were at work last: who watches next goes on with them, since nothing tells of them but their own files. */
    agentFolders: (): string[] => [...agentFolders],
    isComplete: () => watchers.has(root),
    dispose() {
      isDisposed = true;
      for (const watcher of watchers.values()) watcher.close();
      for (const timer of pending.values()) clearTimeout(timer);
    },
  };
}
