import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLine } from '../../transcript/jsonl.ts';
import { readLinesBackward } from '../../transcript-file/page.ts';
import { ifMissing } from '../../util/file-error.ts';
import type { TypedLine } from '../transcript-port.ts';
import { toTime } from './time.ts';

const words = (value: unknown) => (typeof value === 'string' && value ? value : null);

/** The prompts in the CLI's `history.jsonl`, which it writes for terminals alone, newest first. */
export async function readPromptHistory(
  home: string,
  { q, project, limit }: { q?: string | undefined; project?: string | undefined; limit: number },
): Promise<TypedLine[]> {
  const file = await open(join(home, 'history.jsonl'), 'r').catch(ifMissing(null));
  if (!file) return [];
  const found: TypedLine[] = [];
  try {
    const { size } = await file.stat();
    for await (const { bytes } of readLinesBackward(file, size)) {
      const line = bytes.length ? parseLine(bytes.toString('utf8')) : null;
      const text = line && words(line['display']);
      if (!line || !text) continue;
      const typed: TypedLine = {
        text,
        project: words(line['project']),
        sessionId: words(line['sessionId']),
        at: toTime(line['timestamp']),
      };
      if (q && !text.toLowerCase().includes(q.toLowerCase())) continue;
      if (project && !typed.project?.toLowerCase().includes(project.toLowerCase())) continue;
      found.push(typed);
      if (found.length >= limit) break;
    }
  } finally {
    await file.close();
  }
  return found;
}
