import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '../util/child-process.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import { unlessExhausted } from '../util/file-error.ts';
import { parseProcessStat } from '../util/process-stat.ts';
import type { Descendants } from './descendants.ts';
import type { ProcessRecord } from './port.ts';

/** How long `ps` may take. */
const timeoutMs = 10_000;

/** The variable that marks every process of a run, or of a live process; tools inherit it, also those that leave the group. */
export const turnMark = 'SWITCHBOARD_TURN';

/** How long each step of a stop waits. The CLI takes up to 1.6 s to end its tools after SIGTERM. */
const patience = { interruptMs: 3000, terminateMs: 4000, killMs: 2000, pollMs: 20 };

/** When a process was started, as the system prints it; null if it does not exist, or is a zombie. */
export async function processStart(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') {
      return parseProcessStat(await readFile(`/proc/${pid}/stat`, 'utf8'))?.start ?? null;
    }
    const { stdout } = await runProgram('ps', ['-o', 'lstart=', '-p', String(pid)], { timeoutMs });
    return stdout.trim() || null;
  } catch (error) {
    // Without a free descriptor nothing is known of it, least of all that it has ended.
    if (isExhaustion(error)) throw error;
    return null;
  }
}

/** Whether a process has ended and was not taken note of. */
async function isZombie(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && parseProcessStat(text) === null;
}

/** Whether there is a process in a group, be it only the remains of one. */
function isGroupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signalProcess(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch {
    // Gone already.
  }
}

async function waitFor(isDone: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const until = Date.now() + ms;
  while (!(await isDone())) {
    if (Date.now() >= until) return false;
    await delay(patience.pollMs);
  }
  return true;
}

/** Processes that carry a mark. */
async function listTagged(name: string): Promise<number[]> {
  const mark = `${turnMark}=${name}`;
  if (process.platform !== 'linux') {
    const { stdout } = await runProgram('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], {
      timeoutMs,
      maxBytes: 1 << 26,
    });
    const lines = stdout.split('\n').filter((line) => line.includes(mark));
    return lines.map((line) => Number.parseInt(line, 10)).filter((pid) => pid !== process.pid);
  }
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Not readable: another user's, or gone.
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(unlessExhausted(''));
      return environ.split('\0').includes(mark) ? pid : null;
    }),
  );
  return found.filter((pid) => pid !== null && pid !== process.pid) as number[];
}

/** Ends tools that live outside of the process group of their run: the CLI gives each a separate session. */
export async function endTaggedProcesses(mark: string, descendants?: Descendants): Promise<void> {
  const left = async () => [
    ...new Set([...(await listTagged(mark)), ...((await descendants?.listAlive()) ?? [])]),
  ];
  const pids = await left();
  if (!pids.length) return;
  for (const pid of pids) signalProcess(pid, 'SIGTERM');
  const areGone = async () => (await left()).length === 0;
  if (await waitFor(areGone, 500)) return;
  for (const pid of await left()) signalProcess(pid, 'SIGKILL');
  await waitFor(areGone, patience.killMs);
}

/**
 * Ends a process group and everything that it started: SIGINT first, on which the CLI writes
 * what it has to the transcript, then SIGTERM, then SIGKILL, each only where the one before was not enough.
 */
export async function endProcessTree(group: number, mark: string, descendants?: Descendants): Promise<void> {
  // While it lives: what it started is found below it.
  await descendants?.listAlive().catch(() => []);
  const isGone = async () => !isGroupAlive(group) || (await isZombie(group));
  signalProcess(group, 'SIGINT');
  if (!(await waitFor(isGone, patience.interruptMs))) {
    signalProcess(-group, 'SIGTERM');
    if (!(await waitFor(isGone, patience.terminateMs))) {
      signalProcess(-group, 'SIGKILL');
      await waitFor(isGone, patience.killMs);
    }
  }
  await endTaggedProcesses(mark, descendants);
}

/** Ends what is left of a process whose server is gone; `pid` is used only if it is still the same process. */
export async function endLeftoverTree({ spawnTag: mark, pid, pidStart }: ProcessRecord): Promise<void> {
  const isSame = pid !== null && pidStart !== null && (await processStart(pid)) === pidStart;
  if (isSame) await endProcessTree(pid, mark);
  else await endTaggedProcesses(mark);
}
