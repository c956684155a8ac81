import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { answered, openPhone, send, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'undo.turn',
  'shows on the page what a turn changed, undoes one file, all, and does it again',
  async () => {
    const { server, workspace, env } = await startBuilt();
    const at = (name: string) => join(workspace.project, name);
    await writeFile(at('a.txt'), 'as it was\n');
    spawnSync('git', ['init', '-q'], { cwd: workspace.project, env });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    const write = (name: string) =>
      `[[tool:Write ${JSON.stringify({ file_path: at(name), content: 'new\n' })}]]`;
    await send(
      page,
      `[[tool:Read ${JSON.stringify({ file_path: at('a.txt') })}]]${write('a.txt')}${write('b.txt')}[[text done]]`,
    );
    await answered(page, 'done').waitFor();
    // When the history has taken the place of the turn that was watched, its receipt is another one.
    await page.reload();
    await page.locator('.receipt summary').click();
    await page.getByRole('button', { name: 'Changes and undo' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('a.txt', { exact: true }).waitFor();
    await sheet.getByText('Diff', { exact: true }).click();
    await sheet.getByText('-as it was').waitFor();
    if (process.env['SHOTS']) await page.screenshot({ path: join(process.env['SHOTS'], 'changes.png') });
    await sheet
      .getByRole('listitem')
      .filter({ hasText: 'a.txt' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await sheet.getByRole('listitem').filter({ hasText: 'a.txt' }).getByText('undone').waitFor();
    expect(await readFile(at('a.txt'), 'utf8')).toBe('as it was\n');
    await writeFile(at('b.txt'), 'by hand\n');
    await sheet.getByRole('button', { name: 'Undo all' }).click();
    await sheet.getByRole('alert').filter({ hasText: 'b.txt' }).waitFor();
    await writeFile(at('b.txt'), 'new\n');
    await sheet.getByRole('button', { name: 'Undo all' }).click();
    await sheet.getByRole('button', { name: 'Redo all' }).click();
    await sheet.getByRole('button', { name: 'Undo all' }).waitFor();
    expect([await readFile(at('a.txt'), 'utf8'), await readFile(at('b.txt'), 'utf8')]).toEqual([
      'new\n',
      'new\n',
    ]);
    expect(faults.filter((fault) => !fault.includes('409'))).toEqual([]);
  },
);
