import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { agentFolder, agentPaths, parseSessionId } from '../transcript-file/list.ts';
import { contain } from '../util/contain.ts';

/** What happens to a file within this time is one change. */
const settleMs = 100;

/** How many sessions' sub-agent folders are watched at a time: the ones that were active last. */
const maxAgentFolders = 64;

export type WatchListener = {
  changed(path: string): void;
  /** Changes may have been missed: all transcripts are to be checked. */
  lost(): void;
  fault(error: unknown): void;
};

/**
 * Watches transcripts for changes, by the system's notifications. `agentFolders` are those of an earlier
 * watcher.
 */
export function watchTranscripts(
  home: string,
  listener: WatchListener,
  agentFolders: readonly string[] = [],
): TranscriptWatcher {
  const watcher = new TranscriptWatcher(home, listener, agentFolders);
  watcher.ensure();
  return watcher;
}

/**
 * There is one watch for each project's folder, not one for each file. What it misses (too many watches, a
 * network disk) is found by the next crawl.
 */
export class TranscriptWatcher {
  readonly #root: string;
  readonly #listener: WatchListener;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #pending = new Map<string, NodeJS.Timeout>();
  readonly #agentFolders: Set<string>;
  #isDisposed = false;
  #hasReportedFault = false;

  constructor(home: string, listener: WatchListener, agentFolders: readonly string[]) {
    this.#root = join(home, 'projects');
    this.#listener = listener;
    this.#agentFolders = new Set(agentFolders);
  }

  /** Watches folders that are new: on a machine on which the CLI was never used there is none at all. */
  ensure(): void {
    this.#watch(this.#root, () => {
      // When a new folder is seen, it already holds its first transcript.
      this.#listener.lost();
      this.#addProjects();
    });
    this.#addProjects();
    for (const folder of this.#agentFolders) this.#watchAgents(folder);
  }

  /**
   * The folders of the sub-agents that were active last. The next watcher needs them: only their own files
   * report changes.
   */
  agentFolders(): string[] {
    return [...this.#agentFolders];
  }

  isComplete(): boolean {
    return this.#watchers.has(this.#root);
  }

  dispose(): void {
    this.#isDisposed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    for (const timer of this.#pending.values()) clearTimeout(timer);
  }

  /** Each crawl tries again and fails again, so a fault is reported once. */
  readonly #onFault = (error: unknown): void => {
    if (!this.#hasReportedFault) this.#listener.fault(error);
    this.#hasReportedFault = true;
  };

  #watch(folder: string, onName: (name: string) => void): void {
    if (this.#watchers.has(folder) || this.#isDisposed) return;
    try {
      const onChange = (_kind: string, name: string | Buffer | null) => name && onName(String(name));
      const watcher = watch(folder, { persistent: false }, contain(onChange, this.#onFault));
      const forget = (error: unknown) => {
        this.#onFault(error);
        watcher.close();
        this.#watchers.delete(folder);
        this.#listener.lost();
      };
      watcher.on('error', contain(forget, this.#onFault));
      this.#watchers.set(folder, watcher);
    } catch (error) {
      // The folder does not exist, or the system allows no more watches: crawls find its changes.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onFault(error);
    }
  }

  #addProjects(): void {
    this.#watchProjects().catch(this.#onFault);
  }

  async #watchProjects(): Promise<void> {
    for (const entry of await readdir(this.#root, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory() && !entry.isSymbolicLink()) continue;
      const folder = join(this.#root, entry.name);
      this.#watch(folder, (name) => this.#onProjectChange(folder, name));
    }
  }

  #onProjectChange(folder: string, name: string): void {
    const sessionId = parseSessionId(name);
    if (!sessionId) return;
    if (name !== sessionId) this.#reportLater(join(folder, name));
    this.#runLater(join(folder, sessionId), () => this.#checkAgents(folder, sessionId));
  }

  #watchAgents(folder: string): void {
    this.#watch(folder, (name) => this.#reportLater(join(folder, name)));
  }

  /** Sub-agents write into a folder beside the transcript, which the first of them creates. */
  async #checkAgents(projectFolder: string, sessionId: string): Promise<void> {
    const paths = await agentPaths(projectFolder, sessionId);
    if (!paths.length || this.#isDisposed) return;
    const folder = agentFolder(projectFolder, sessionId);
    const isNew = !this.#watchers.has(folder);
    this.#agentFolders.delete(folder);
    this.#agentFolders.add(folder);
    this.#watchAgents(folder);
    if (isNew) for (const path of paths) this.#listener.changed(path);
    const [oldest] = this.#agentFolders;
    if (!oldest || this.#agentFolders.size <= maxAgentFolders) return;
    this.#agentFolders.delete(oldest);
    this.#watchers.get(oldest)?.close();
    this.#watchers.delete(oldest);
  }

  #reportLater(path: string): void {
    this.#runLater(path, () => this.#listener.changed(path));
  }

  #runLater(key: string, work: () => unknown): void {
    if (this.#pending.has(key)) return;
    const timer = setTimeout(() => {
      this.#pending.delete(key);
      contain(work, this.#onFault)();
    }, settleMs);
    timer.unref();
    this.#pending.set(key, timer);
  }
}
