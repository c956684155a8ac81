import { readdir, readFile } from 'node:fs/promises';
import { type ProcessStat, parseProcessStat } from '../util/process-stat.ts';

/** How often the tree of a run is looked at: a child that leaves it sooner is not seen. */
const lookMs = 250;

/** The processes of this machine. */
export type ProcessTable = {
  readStat(pid: number): Promise<ProcessStat | null>;
  listChildren(pid: number): Promise<number[]>;
  listAll(): Promise<number[]>;
};

const toPids = (names: readonly string[]) => names.filter((name) => /^\d+$/.test(name)).map(Number);

const linuxTable: ProcessTable = {
  readStat: async (pid) => parseProcessStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  listChildren: async (pid) =>
    toPids((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ')),
  listAll: async () => toPids(await readdir('/proc').catch(() => [])),
};

/**
 * What a process has started, and what that started. A tool can drop the variable that marks it and leave its
 * group (`env -i setsid …`): whatever was once seen below the process, or is in a session that one of these
 * made, belongs to it. What forks twice within one look and changes its session is not seen.
 *
 * The system gives a number again once its process has ended. So each process is known by its start too, and
 * what has ended is forgotten at each look.
 */
export class Descendants {
  readonly #root: number;
  readonly #table: ProcessTable;
  readonly #seen = new Map<number, ProcessStat>();
  readonly #sessions = new Set<number>();
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(root: number, table: ProcessTable = linuxTable) {
    this.#root = root;
    this.#table = table;
  }

  /** Looks at the tree from now on until `stop`. */
  follow(): void {
    this.#timer = setInterval(() => void this.look().catch(() => {}), lookMs);
    this.#timer.unref();
    void this.#note(this.#root)
      .then(() => this.look())
      .catch(() => {});
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Those that still run, without the process itself. */
  async listAlive(): Promise<number[]> {
    await this.look();
    return [...this.#seen.keys()].filter((pid) => pid !== this.#root && pid !== process.pid);
  }

  /** Brings what is known up to date. */
  look(): Promise<void> {
    this.#looking ??= this.#update().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #update(): Promise<void> {
    await this.#forgetEnded();
    // Processes that have left the tree have children too.
    let level = [...this.#seen.keys()];
    while (level.length) {
      const children = (await Promise.all(level.map((pid) => this.#table.listChildren(pid)))).flat();
      level = children.filter((pid) => !this.#seen.has(pid));
      await Promise.all(level.map((pid) => this.#note(pid)));
    }
    await this.#adoptLeft();
  }

  async #note(pid: number): Promise<void> {
    const stat = await this.#table.readStat(pid);
    if (!stat) return;
    this.#seen.set(pid, stat);
    this.#sessions.add(stat.session);
  }

  async #forgetEnded(): Promise<void> {
    await Promise.all(
      [...this.#seen].map(async ([pid, known]) => {
        const stat = await this.#table.readStat(pid);
        if (stat?.start === known.start) this.#seen.set(pid, stat);
        else this.#seen.delete(pid);
      }),
    );
  }

  /** Finds the rest of a session whose known members have all ended; an empty session is over. */
  async #adoptLeft(): Promise<void> {
    const members = new Set([...this.#seen.values()].map(({ session }) => session));
    const left = new Set([...this.#sessions].filter((session) => !members.has(session)));
    if (!left.size) return;
    for (const session of left) this.#sessions.delete(session);
    const all = await this.#table.listAll();
    await Promise.all(
      all.map(async (pid) => {
        const stat = await this.#table.readStat(pid);
        if (stat && left.has(stat.session)) await this.#note(pid);
      }),
    );
  }
}

/** Follows what a process starts. Only Linux tells; elsewhere nothing is found. */
export function followDescendants(root: number): Descendants {
  const descendants = new Descendants(root);
  if (process.platform === 'linux') descendants.follow();
  return descendants;
}
