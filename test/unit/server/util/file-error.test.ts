import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { findLiveProcess } from '../../../../server/agent/claude/live-sessions.ts';
import { readPromptHistory } from '../../../../server/agent/claude/prompt-history.ts';
import { ClaudeTranscripts } from '../../../../server/agent/claude/transcripts.ts';
import { processStart } from '../../../../server/agent/process-tree.ts';
import { createOutputLogs } from '../../../../server/terminal/output-log.ts';
import { listTranscripts, statTranscript } from '../../../../server/transcript-file/list.ts';
import { toProjectSlug } from '../../../../server/transcript-file/paths.ts';
import { createShadowFolder } from '../../../../server/undo/shadow-folder.ts';
import { toFileError } from '../../../../server/util/file-error.ts';
import { failReads } from '../../../helper/fs-fault.ts';
import { verifies } from '../../../requirement/verifies.ts';

const sessionId = '11111111-1111-4111-8111-111111111111';
const codes = ['EMFILE', 'ENFILE', 'EIO', 'ENOMEM'];

/** A home folder with a session that a process has open, and the data folder of a server. */
async function makeHome() {
  const root = await mkdtemp(join(tmpdir(), 'switchboard-file-error-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [home, project, data] = [join(root, 'home'), join(root, 'project'), join(root, 'data')];
  const folder = join(home, 'projects', toProjectSlug(project));
  for (const path of [project, folder, join(home, 'sessions'), join(data, 'terminals')])
    await mkdir(path, { recursive: true });
  const rest = { cwd: project, sessionId };
  const row = (type: string, uuid: string, parentUuid: string | null) =>
    `${JSON.stringify({ type, uuid, parentUuid, timestamp: '2026-01-01T00:00:01.000Z', message: { role: type, content: 'x' }, ...rest })}\n`;
  const transcript = join(folder, `${sessionId}.jsonl`);
  await writeFile(transcript, row('user', 'a', null) + row('assistant', 'b', 'a'));
  await writeFile(join(home, 'history.jsonl'), '{"display":"typed"}\n');
  const procStart = await processStart(process.pid);
  await writeFile(
    join(home, 'sessions', `${process.pid}.json`),
    JSON.stringify({ pid: process.pid, sessionId, procStart }),
  );
  await writeFile(join(data, 'terminals', 'x.log'), 'shown');
  return { home, project, data, transcript };
}

verifies(
  'machine.contained',
  'never takes a file that cannot be read now for a missing one, at each place that reads',
  async () => {
    const { home, project, data, transcript } = await makeHome();
    const transcripts = new ClaudeTranscripts(home);
    const logs = createOutputLogs({ folder: join(data, 'terminals') });
    const shadow = createShadowFolder(join(data, 'undo'));
    const answer = { usage: { output_tokens: 1 }, response: 'x', sessionId } as never;
    const where = { project, from: '2026-01-01T00:00:00.000Z', to: '2027-01-01T00:00:00.000Z' };
    /** By place: a part of the path that it reads, and the call that reads it. */
    const places: Record<string, [part: string, ask: () => Promise<unknown>]> = {
      'whether a session can be continued': [sessionId, () => transcripts.getState(sessionId, project)],
      'the folder of the transcripts': ['/projects', () => transcripts.getState(sessionId, '/elsewhere')],
      'whether an answer was kept': [sessionId, () => transcripts.keepsAnswer(answer, where)],
      'a page of the history': [sessionId, () => transcripts.readPage(sessionId, project, { limit: 5 })],
      'what was said since': [sessionId, () => transcripts.readTextSince(sessionId, project, '')],
      'who has a session open': ['/sessions', () => findLiveProcess(home, sessionId)],
      'all transcripts': ['/projects', () => listTranscripts(home)],
      'the transcripts of a project': [toProjectSlug(project), () => listTranscripts(home)],
      'one transcript': [sessionId, () => statTranscript(transcript)],
      'what was typed': ['history.jsonl', () => readPromptHistory(home, { limit: 5 })],
      'the log of a terminal': ['x.log', () => logs.tail('x', 10)],
      'the notes of undo': ['.git', () => shadow.load(project)],
      'whether there are notes of undo': ['.git', () => shadow.exists(shadow.repositoryOf(project))],
    };
    for (const [place, [part, ask]] of Object.entries(places)) {
      const before = await ask();
      for (const code of codes) {
        const undo = failReads(part, code);
        const found = await ask().then(
          (value) => `gave ${JSON.stringify(value)}`,
          (error) => [error.code, error.cause?.code].includes(code) || error.code === 'transcript_unreadable',
        );
        undo();
        expect([place, code, found]).toEqual([place, code, true]);
        expect([place, await ask()]).toEqual([place, before]);
      }
    }
    // A missing file is not an error.
    await rm(home, { recursive: true });
    await rm(data, { recursive: true });
    expect(await transcripts.getState(sessionId, project)).toBe('none');
    expect(await findLiveProcess(home, sessionId)).toBeNull();
    expect(await listTranscripts(home)).toEqual([]);
    expect(await statTranscript(transcript)).toBeNull();
    expect(await readPromptHistory(home, { limit: 5 })).toEqual([]);
    expect(String(await logs.tail('x', 10))).toBe('');
    expect(await shadow.load(project)).toBeNull();
  },
);

verifies('machine.contained', 'removes no notes of undo whose project cannot be inspected', async () => {
  const { data, project } = await makeHome();
  const folder = join(data, 'undo');
  const shadow = createShadowFolder(folder);
  const repository = shadow.repositoryOf(project);
  await mkdir(repository, { recursive: true });
  await shadow.save(project, { tree: 't', files: new Map() });
  const file = join(repository, 'switchboard-files');
  const weeks = new Date(Date.now() - 30 * 86_400_000);
  await utimes(file, weeks, weeks);
  const noted = await readFile(file, 'utf8');
  for (const [part, code] of codes.flatMap((code) => [
    ['switchboard-files', code],
    [project, code],
    [project, 'EACCES'],
  ]) as [string, string][]) {
    const undo = failReads(part, code);
    await shadow.sweep(new Date());
    undo();
    expect([part, code, await readFile(file, 'utf8')]).toEqual([part, code, noted]);
  }
  await rm(project, { recursive: true });
  await shadow.sweep(new Date());
  expect(await readdir(folder)).toEqual([]);
});

verifies('machine.contained', 'says why a file cannot be used, with an error code of its own', async () => {
  const { transcript } = await makeHome();
  for (const code of ['EACCES', 'EPERM', 'EIO', 'ENOSPC', 'EROFS']) {
    const undo = failReads(sessionId, code);
    const error = await readFile(transcript).catch(toFileError);
    undo();
    expect(error).toMatchObject({ code: 'file_unavailable', message: expect.stringContaining(transcript) });
  }
  expect(toFileError(new Error('of another kind'))).toBeNull();
});

/** Files that treat a failed read like a missing file, and why that does no harm. */
const lenient: Record<string, string> = {
  'work-tree/repository.ts': 'undo then goes by the ignore rules alone',
  'undo/shadow-folder.ts': 'nothing is swept this time',
  'terminal/output-log.ts': 'nothing is pruned this time',
  'session-index/search.ts': 'a hit is shown without its excerpt',
  'session-index/watcher.ts': 'the crawl finds what is not watched',
  'agent/process-tree.ts': 'a process that cannot be read is waited for',
  'agent/descendants.ts': 'what a run started is found by its mark as well',
  'agent/scripted/tool-call.ts': 'the scripted agent of tests has no plan before it writes one',
  'attachment/attachments.ts': 'nothing is swept this time',
  'git/git.ts': 'the excludes of the person are left out for one turn',
};

verifies('machine.contained', 'no other file treats a failed read like a missing file', async () => {
  const server = join(import.meta.dirname, '../../../../server');
  const files = (await readdir(server, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const found: string[] = [];
  for (const name of files) {
    const text = await readFile(join(server, name), 'utf8');
    if (/\b(open|opendir|readFile|readdir)\([^;]*?\)\s*\.catch\(\(\) =>/.test(text)) found.push(name);
  }
  expect(found.toSorted()).toEqual(Object.keys(lenient).toSorted());
});
