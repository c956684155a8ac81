import { readdir, readFile } from 'node:fs/promises';

/** How often the tree of a run is looked at: a child that leaves it sooner is not seen. */
const lookMs = 250;

/** What a process was started by and when, and its session; null if there is none. Linux only. */
async function readStat(pid: number): Promise<{ start: string; session: number } | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, field 2, may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = fields[19];
  return start === undefined || fields[0] === 'Z' ? null : { start, session: Number(fields[3]) };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

export type Descendants = {
  /** Those that still run: each is the very process that was seen, and no later one with its number. */
  alive(): Promise<number[]>;
  stop(): void;
};

/**
 * Follows what a process starts, and what that starts. A tool can drop the variable that marks it and leave its
 * group (`env -i setsid …`): whoever was once seen below the process, or is in a session that one of these made,
 * belongs to it. What forks twice within one look and changes its session is not seen.
 */
export function followDescendants(root: number): Descendants {
  const seen = new Map<number, string>();
  const sessions = new Set<number>();
  let isStopped = false;

  async function note(pid: number): Promise<void> {
    const stat = await readStat(pid);
    if (!stat) return;
    seen.set(pid, stat.start);
    sessions.add(stat.session);
  }

  async function look(): Promise<void> {
    // Those that have left the tree have children of their own.
    let level = [root, ...seen.keys()];
    const done = new Set(level);
    while (level.length) {
      const next = (await Promise.all(level.map(childrenOf))).flat().filter((pid) => !done.has(pid));
      for (const pid of next) done.add(pid);
      await Promise.all(next.map(note));
      level = next;
    }
  }

  const timer = setInterval(() => void look().catch(() => {}), lookMs);
  timer.unref();
  void note(root)
    .then(look)
    .catch(() => {});

  return {
    async alive() {
      if (process.platform !== 'linux') return [];
      if (!isStopped) await look().catch(() => {});
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
      const found = await Promise.all(
        pids.map(async (pid) => {
          const stat = pid === root || pid === process.pid ? null : await readStat(pid);
          const isOurs = stat && (seen.get(pid) === stat.start || sessions.has(stat.session));
          return isOurs ? pid : null;
        }),
      );
      return found.filter((pid) => pid !== null) as number[];
    },
    stop() {
      isStopped = true;
      clearInterval(timer);
    },
  };
}
