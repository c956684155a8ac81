import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { openPhone, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { verifies } from '../requirement/verifies.ts';

/** Answers that took a Markdown lexer seconds, or all of its stack. */
const hostile = [
  '*a_'.repeat(10_000),
  `* ${' '.repeat(10_000)}a`,
  '>'.repeat(10_000),
  '['.repeat(10_000),
  '`a``b'.repeat(5_000),
];
const ordinary = hostile.map(({ length }) =>
  'Some words, and **more** of them.\n\n'.repeat(Math.ceil(length / 35)).slice(0, length),
);

/** CPU time that a process has used, in clock ticks (10 ms). */
function readCpuTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

verifies(
  'safe.time',
  'draws answers that are made to be slow, on the server and on a phone, and stays usable',
  async () => {
    const answers: Record<string, readonly string[]> = { hostile, ordinary };
    const { server } = await startBuilt(
      {},
      {
        scriptFor: (text) => {
          const [name = '', index] = text.trim().split(' ');
          const answer = answers[name]?.[Number(index)];
          return answer === undefined ? null : `[[text ${answer}]]`;
        },
      },
    );
    for (const name of ['ordinary', 'hostile'])
      for (const index of hostile.keys()) await server.chat({ conv_id: name, message: `${name} ${index}` });
    const { page, context, faults } = await openPhone();
    await signIn(page, server.url);
    // The page's own worker would answer in place of the server.
    const ticksOf = async (name: string) => {
      const before = readCpuTicks(server.child.pid);
      for (let load = 0; load < 3; load += 1)
        expect((await context.request.get(`${server.url}/c/${name}`)).status()).toBe(200);
      return readCpuTicks(server.child.pid) - before;
    };
    await ticksOf('ordinary');
    const floorTicks = 20;
    expect(await ticksOf('hostile')).toBeLessThan(10 * Math.max(floorTicks, await ticksOf('ordinary')));

    await page.goto(`${server.url}/c/hostile`);
    await page.getByText('*a_*a_').first().waitFor();
    await page.locator('.picker').click();
    await page.getByRole('dialog').getByRole('button', { name: 'ordinary' }).waitFor();
    expect(faults).toEqual([]);
  },
);
