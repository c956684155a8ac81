import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Repair } from '../../contract/repair.ts';
import type { Entry } from '../transcript/entry.ts';
import { type Node, toNode } from '../transcript/entry-tree.ts';
import { parseLine } from '../transcript/jsonl.ts';
import { type Plan, planRepair } from '../transcript/repair.ts';
import { leftInCopies } from './copy.ts';
import { openTranscript } from './open-transcript.ts';
import { readEntry, readLinesBackward } from './page.ts';

type Place = { start: number; end: number };

/** The entries of a transcript, and their places. */
type Found = {
  nodes: Node[];
  places: Map<string, Place>;
  others: Place[];
  cut: Repair['cut_lines'];
  leaf: string | null;
};

const maxStart = 120;

const noResult =
  'There is no result: the process ended while the tool was at work. It may have done a part of it.';

async function read(file: FileHandle): Promise<Found> {
  const { size } = await file.stat();
  const found: Found = { nodes: [], places: new Map(), others: [], cut: [], leaf: null };
  let lines = 0;
  for await (const { bytes, start, end } of readLinesBackward(file, size)) {
    if (bytes.length === 0 && end === size) continue;
    lines += 1;
    const text = bytes.toString('utf8').trim();
    const entry = parseLine(text) as Entry | null;
    if (!entry) {
      if (text) found.cut.push({ line: -lines, bytes: bytes.length, start: text.slice(0, maxStart) });
      continue;
    }
    const node = toNode(entry);
    if (entry.type === 'last-prompt') found.leaf ??= entry.leafUuid ?? null;
    // The same entry twice is what a copy that was begun twice has: the first stands.
    if (node) found.places.set(node.uuid, { start, end });
    if (node) found.nodes.push(node);
    else if (!leftInCopies.test(entry.type)) found.others.push({ start, end });
  }
  const known = new Set<string>();
  const nodes = found.nodes.toReversed().filter(({ uuid }) => !known.has(uuid) && known.add(uuid));
  const cut = found.cut.toReversed().map((one) => ({ ...one, line: lines + one.line + 1 }));
  return { ...found, nodes, cut, others: found.others.toReversed() };
}

const many = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

/** Describes what is wrong: what a resume loses, and what a copy repairs. */
function describePlan({
  cut,
  plan,
}: {
  cut: Repair['cut_lines'];
  plan: Plan;
}): Pick<Repair, 'loses' | 'mends'> {
  const [loses, mends]: [string[], string[]] = [[], []];
  for (const { why, messages, first } of plan.branches) {
    if (why === 'rewound') continue;
    const where = why === 'cut' ? 'before a line that is cut' : 'written by another process at the same time';
    loses.push(`${many(messages, 'message')} ${where}, from ${JSON.stringify(first.slice(0, 80))}`);
    mends.push(
      `${many(messages, 'message')} ` +
        `${why === 'cut' ? 'joined to what follows the cut line' : 'put where they were said'}`,
    );
  }
  if (cut.length) {
    loses.push(`${many(cut.length, 'line')} that cannot be read`);
    mends.push(`${many(cut.length, 'line')} left out that cannot be read`);
  }
  if (plan.openCalls.length) {
    loses.push(`the results of ${many(plan.openCalls.length, 'tool call')}, which were never written`);
    mends.push(`${many(plan.openCalls.length, 'tool call')} answered with "there is no result"`);
  }
  return { loses, mends };
}

/** Writes the repaired tree into a new session beside the old one. */
async function writeCopy(
  source: FileHandle,
  path: string,
  sessionId: string,
  { places, others }: Found,
  plan: Plan,
): Promise<void> {
  const target = await open(join(dirname(path), `${sessionId}.jsonl`), 'wx', 0o600);
  const write = (entry: object) => target.write(`${JSON.stringify({ ...entry, sessionId })}\n`);
  try {
    for (const place of others) {
      const entry = await readEntry(source, place);
      if (entry) await write(entry);
    }
    /** What came behind an entry that was given results of ours. */
    const behind = new Map<string, string>();
    for (const { uuid, parent, openCalls } of plan.nodes) {
      const entry = await readEntry(source, places.get(uuid) as Place);
      if (!entry) continue;
      const { logicalParentUuid, ...rest } = entry;
      const isCompaction = logicalParentUuid != null && logicalParentUuid === parent;
      const parentUuid = parent === null ? null : (behind.get(parent) ?? parent);
      await write(isCompaction ? entry : { ...rest, parentUuid });
      if (!openCalls.length) continue;
      const { message: _message, uuid: _uuid, ...common } = rest;
      const results = openCalls.map((id) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: noResult,
        is_error: true,
      }));
      const added = randomUUID();
      await write({
        ...common,
        type: 'user',
        parentUuid: uuid,
        uuid: added,
        message: { role: 'user', content: results },
      });
      behind.set(uuid, added);
    }
    const leaf = plan.leaf === null ? null : (behind.get(plan.leaf) ?? plan.leaf);
    if (leaf !== null) await write({ type: 'last-prompt', leafUuid: leaf });
    await target.sync();
  } finally {
    await target.close();
  }
}

/**
 * Finds what is wrong with a transcript; with `copyTo` it writes a repaired copy under that session, if there
 * is something to repair. The transcript itself is only read.
 */
export async function repairTranscript(
  path: string,
  copyTo: string | null,
): Promise<Omit<Repair, 'id' | 'copy'> & { isCopied: boolean }> {
  const source = await openTranscript(path);
  try {
    const found = await read(source);
    const plan = planRepair(found.nodes, found.leaf);
    const words = describePlan({ cut: found.cut, plan });
    const sound = words.loses.length === 0;
    const isCopied = copyTo !== null && !sound && plan.leaf !== null;
    if (isCopied) await writeCopy(source, path, copyTo, found, plan);
    return {
      sound,
      cut_lines: found.cut,
      lost_branches: plan.branches,
      open_calls: plan.openCalls,
      ...words,
      isCopied,
    };
  } finally {
    await source.close();
  }
}
