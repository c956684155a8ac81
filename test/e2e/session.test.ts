import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { findTranscript } from '../../server/transcript-file/paths.ts';
import { answered, openPhone, send, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { runBare } from '../helper/plain-claude.ts';
import { createTmuxFolder, tmuxOf } from '../helper/terminal.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.sessions',
  'finds a terminal session by its text, reads it, and continues it or a copy',
  async () => {
    const { server, workspace, api } = await startBuilt();
    const project = join(workspace.root, 'desk');
    await mkdir(project);
    await runBare(
      { workspace: { ...workspace, project }, api },
      ['-p'],
      'where is the quinces recipe? [[tool:Bash echo jam]][[text It is in **the cellar**.]]',
    );
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    await page.locator('.picker').click();
    await page.getByRole('dialog').getByRole('button', { name: 'All sessions on this machine' }).click();
    await page.getByRole('button', { name: /quinces recipe/ }).waitFor();
    await page.getByLabel('Search all messages').fill('quinces');
    await page.locator('mark', { hasText: 'quinces' }).waitFor();
    if (process.env['SHOTS'])
      await page.screenshot({ path: join(process.env['SHOTS'], 'sessions-search.png') });
    await page.locator('.hits button').first().click();
    await page.getByRole('heading', { name: /quinces recipe/ }).waitFor();
    // Back leads to what was searched.
    await page.goBack();
    await page.locator('mark', { hasText: 'quinces' }).waitFor();
    await page.getByLabel('Search all messages').fill('');
    await page.getByRole('button', { name: /quinces recipe/ }).click();
    await page.locator('.assistant strong', { hasText: 'the cellar' }).waitFor();
    await page.getByRole('button', { name: 'What happened' }).click();
    await page.getByText('It ended with an answer.').waitFor();
    if (process.env['SHOTS']) await page.screenshot({ path: join(process.env['SHOTS'], 'session.png') });
    await page.getByRole('button', { name: 'Continue in a copy' }).click();
    await answered(page, 'the cellar').waitFor();
    await send(page, '[[text said in the copy]]');
    await answered(page, 'said in the copy').waitFor();
    const { sessions } = await server.get('/api/hosts/local/sessions');
    expect(sessions).toHaveLength(2);
    expect(sessions[0]).toMatchObject({ project, forked_from: sessions[1].id });
    await page.goto(`${server.url}/sessions/${sessions[1].id}`);
    await page.getByRole('button', { name: 'Continue here' }).click();
    await answered(page, 'the cellar').waitFor();
    await send(page, '[[tool:Bash pwd]][[text said in the old one]]');
    await answered(page, 'said in the old one').waitFor();
    const { messages } = await server.get(`/api/hosts/local/sessions/${sessions[1].id}/messages`);
    expect(JSON.stringify(messages)).toContain('said in the old one');
    expect(JSON.stringify(messages)).not.toContain('said in the copy');
    expect(faults).toEqual([]);
  },
);

verifies(
  'page.sessions',
  'opens a session in a terminal from the phone, types there, and brings it back',
  async () => {
    const folder = await createTmuxFolder();
    const { server, workspace } = await startBuilt({ TMUX_TMPDIR: folder });
    tmuxOf(workspace, folder);
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'said on the phone' });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    await page.goto(`${server.url}/sessions/${id}`);
    await page.getByRole('button', { name: 'Open in a terminal' }).click();
    await page.getByText("tmux -L switchboard attach -t '=sb-").waitFor();
    await page.getByLabel('Type into the terminal').fill('said at the desk');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.screen', { hasText: 'Echo: said at the desk' }).waitFor();
    if (process.env['SHOTS']) await page.screenshot({ path: join(process.env['SHOTS'], 'terminal.png') });
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    const live = page.locator('.live-screen');
    await live.filter({ hasText: 'Echo: said at the desk' }).waitFor();
    await live.click();
    await page.keyboard.type('typed live');
    await live.filter({ hasText: 'typed live' }).waitFor();
    await page.getByRole('toolbar', { name: 'Keys' }).getByRole('button', { name: '⏎' }).click();
    await live.filter({ hasText: 'Echo: typed live' }).waitFor();
    if (process.env['SHOTS'])
      await page.screenshot({ path: join(process.env['SHOTS'], 'terminal-live.png') });
    const key = (name: string) =>
      page.getByRole('toolbar', { name: 'Keys' }).getByRole('button', { name, exact: true }).click();
    for (const mode of ['accept edits on', 'plan mode on', 'auto mode on', 'manual mode on']) {
      await key('⇧Tab');
      await live.filter({ hasText: mode }).waitFor();
    }
    // What was said last comes back into the box, and Ctrl-C empties that.
    await key('↑');
    await live.filter({ hasText: /typed live[\s\S]*Echo: typed live[\s\S]*typed live/ }).waitFor();
    await key('Ctrl');
    await page.keyboard.press('c');
    await live.filter({ hasNotText: /Echo: typed live[\s\S]*typed live/ }).waitFor();
    await page.keyboard.type('/mod');
    await live.filter({ hasText: '/model' }).waitFor();
    await key('Tab');
    await live.filter({ hasText: /❯\s\/model\s/ }).waitFor();
    // A second Ctrl-C would end it.
    await key('Ctrl');
    await page.keyboard.press('u');
    await live.filter({ hasNotText: '/model' }).waitFor();
    // As wide as the phone, not as the terminal on the machine.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.getByRole('button', { name: 'As text' }).click();

    await page.goto(`${server.url}/c/a`);
    const desk = page.getByRole('region', { name: 'Open in a terminal.' });
    await desk.getByText('Messages wait until it is closed there.').waitFor();
    await send(page, 'kept on the phone');
    await page.getByRole('group', { name: 'Waiting in the queue' }).waitFor();
    await desk.getByRole('button', { name: 'Type messages in' }).click();
    await answered(page, 'Echo: kept on the phone').waitFor();
    if (process.env['SHOTS']) await page.screenshot({ path: join(process.env['SHOTS'], 'at-desk.png') });
    await send(page, '[[tool:Bash touch asked]][[text allowed from the phone]]');
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    await answered(page, 'allowed from the phone').waitFor();
    await desk.getByRole('button', { name: 'Bring it back' }).click();
    await desk.waitFor({ state: 'detached' });
    await page.goto(`${server.url}/sessions/${id}`);
    await page.getByRole('button', { name: 'What happened' }).click();
    await page.getByText('It was ended from here.').waitFor();
    await page.getByRole('button', { name: 'Open in a terminal' }).click();
    await page.getByRole('button', { name: 'End the terminal' }).click();
    await page.getByRole('button', { name: 'Open in a terminal' }).waitFor();
    expect((await server.chat({ conv_id: 'a', message: 'and on the phone' })).session_id).toBe(id);
    // A look at a terminal that has just ended is answered by 409.
    expect(faults.filter((fault) => !/409.*\/terminal/.test(fault))).toEqual([]);
  },
);

verifies(
  'page.sessions',
  'stops a turn and hands the session over, and repairs a session in a copy',
  async () => {
    const folder = await createTmuxFolder();
    const { server, workspace } = await startBuilt({ TMUX_TMPDIR: folder, LIVE_PROCESSES: '0' });
    tmuxOf(workspace, folder);
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'the first word' });
    await server.chat({ conv_id: 'a', message: 'the second word' });
    const { page, faults } = await openPhone();
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/a`);
    await answered(page, 'Echo: the second word').waitFor();
    const { turn_id } = await server.accept('a', { message: '[[text begun]][[hang]]', follow: true });
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Conversation menu' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: 'Stop it and hand over to a terminal' })
      .click();
    const desk = page.getByRole('region', { name: 'Open in a terminal.' });
    await desk.waitFor();
    expect((await server.turn(turn_id)).state).toBe('cancelled');
    await desk.getByRole('button', { name: 'Bring it back' }).click();
    await desk.waitFor({ state: 'detached' });

    const path = String(await findTranscript(join(workspace.home, '.claude'), id, workspace.project));
    const lines = (await readFile(path, 'utf8')).split('\n');
    // As a crash in the middle of a write leaves it.
    await writeFile(
      path,
      lines.map((line) => (line.includes('Echo: the first word') ? line.slice(0, 60) : line)).join('\n'),
    );
    await page.goto(`${server.url}/sessions/${id}`);
    await page.getByRole('button', { name: 'What happened' }).click();
    await page.getByText('Resuming it would lose:').waitFor();
    await page.getByRole('button', { name: 'Repair a copy' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/sessions/') && !url.pathname.includes(id));
    await page.locator('.user', { hasText: 'the first word' }).waitFor();
    await page.locator('.assistant', { hasText: 'Echo: the second word' }).waitFor();
    expect(faults).toEqual([]);
  },
);
