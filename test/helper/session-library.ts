import { createHash } from 'node:crypto';
import { mkdir, open, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** A number from 0 to 1, the same in each run. */
function createRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const stems =
  'read write open close find list file line text parse token queue turn event store index server client route page state error test build check cache user name path value field table column row key lock thread worker signal stream buffer chunk cursor limit retry delay timer start stop send receive merge split join sort filter map reduce render draw paint style color size width height margin border focus scroll touch click press hover drag drop fold open'.split(
    ' ',
  );
const small =
  'the a of to and in is it that for on with as was not this but by from or have an they which one were all we when there can more if'.split(
    ' ',
  );

/** Words as they are in the talk about code: few that are everywhere, many that are rare. */
function createWords(random: () => number) {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  const capital = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`;
  const names = Array.from(
    { length: 12_000 },
    () => `${pick(stems)}${capital(pick(stems))}${random() < 0.5 ? capital(pick(stems)) : ''}`,
  );
  const word = () => {
    const chance = random();
    if (chance < 0.45) return pick(small);
    if (chance < 0.8) return pick(stems);
    return names[Math.floor(random() ** 3 * names.length)] as string;
  };
  const text = (chars: number) => {
    let made = '';
    while (made.length < chars) made += `${word()} `;
    return made;
  };
  return {
    text,
    pool: (count: number, chars: () => number) => Array.from({ length: count }, () => text(chars())),
    pick,
  };
}

const uuidOf = (text: string) =>
  createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

export type LibraryShape = {
  /** The CLI's folder. */
  home: string;
  /** Folders of projects, which need not exist. */
  projects: readonly string[];
  sessions: number;
  turnsEach: number;
};

/**
 * Writes transcripts as CLI 2.1.329 does: requests and their surroundings are about a third of the bytes, and each
 * tool output is there twice. Session `i` has the word `rareword<i>` once. Returns their ids and the total bytes.
 */
export async function writeSessionLibrary({
  home,
  projects,
  sessions,
  turnsEach,
}: LibraryShape): Promise<{ ids: string[]; bytes: number }> {
  const random = createRandom();
  const { pool, pick } = createWords(random);
  const [prompts, answers, outputs, requests] = [
    pool(300, () => 80 + random() * 300),
    pool(600, () => 200 + random() * 900),
    pool(600, () => 300 + random() ** 3 * 12_000),
    pool(20, () => 40_000),
  ];
  const ids: string[] = [];
  let bytes = 0;
  const newest = Date.UTC(2026, 10, 1);
  for (let i = 0; i < sessions; i += 1) {
    const sessionId = uuidOf(`session ${i}`);
    const cwd = projects[i % projects.length] as string;
    const folder = join(home, 'projects', cwd.replaceAll(/[^A-Za-z0-9]/g, '-'));
    await mkdir(folder, { recursive: true });
    const startedAt = newest - (sessions - i) * 600_000;
    let parentUuid: string | null = null;
    let step = 0;
    const lines: string[] = [];
    const add = (type: string, more: object) => {
      const uuid = uuidOf(`${sessionId} ${step}`);
      const timestamp = new Date(startedAt + step * 1000).toISOString();
      step += 1;
      const own = {
        parentUuid,
        isSidechain: false,
        type,
        ...more,
        uuid,
        timestamp,
        userType: 'external',
        entrypoint: 'cli',
        cwd,
        sessionId,
        version: '2.1.329',
      };
      lines.push(JSON.stringify({ ...own, gitBranch: 'main' }));
      parentUuid = uuid;
    };
    const assistant = (content: object[]) =>
      add('assistant', {
        requestId: `req_${step}`,
        message: {
          id: `msg_${sessionId}_${step}`,
          type: 'message',
          role: 'assistant',
          model: 'claude-sonnet-5-5',
          content,
          usage: {},
        },
      });
    add('user', { message: { role: 'user', content: `${pick(prompts)} rareword${i}` }, promptId: sessionId });
    add('attachment', { attachment: { type: 'prompt_snapshot', content: pick(requests) } });
    lines.push(JSON.stringify({ type: 'api-request-shape', sessionId, shape: pick(requests) }));
    for (let turn = 0; turn < turnsEach; turn += 1) {
      if (turn > 0) add('user', { message: { role: 'user', content: pick(prompts) }, promptId: sessionId });
      for (let call = 0; call < 3; call += 1) {
        const id = `toolu_${i}_${turn}_${call}`;
        const output = pick(outputs);
        assistant([
          {
            type: 'tool_use',
            id,
            name: 'Bash',
            input: {
              command: `npm run ${pick(stems)} -- src/${pick(stems)}/${pick(stems)}.ts`,
              description: pick(prompts).slice(0, 60),
            },
          },
        ]);
        add('user', {
          message: {
            role: 'user',
            content: [{ type: 'tool_result', tool_use_id: id, content: output, is_error: false }],
          },
          toolUseResult: { stdout: output, stderr: '', interrupted: false },
        });
      }
      assistant([{ type: 'text', text: pick(answers) }]);
    }
    lines.push(JSON.stringify({ type: 'cost-state', totalCostUSD: 0.25, sessionId }));
    const content = `${lines.join('\n')}\n`;
    const path = join(folder, `${sessionId}.jsonl`);
    const file = await open(path, 'w');
    await file.writeFile(content);
    await file.close();
    await utimes(path, new Date(startedAt), new Date(startedAt));
    ids.push(sessionId);
    bytes += Buffer.byteLength(content);
  }
  return { ids, bytes };
}
