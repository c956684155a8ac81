import { expect } from 'vitest';
import { answered, openPhone, send, signIn } from '../helper/browser.ts';
import { writeLongSession } from '../helper/long-session.ts';
import { startBuilt } from '../helper/packaged.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.long',
  'opens a session of 12,000 messages and 24 MB with its last page, and pages back without a jump, drawing only what is near',
  async () => {
    const { server, workspace } = await startBuilt();
    const sessionId = await writeLongSession(workspace, 12_000, 8000);
    await server.post('/api/conversations', { id: 'long', session_id: sessionId });
    const { page, faults } = await openPhone();
    let bytes = 0;
    page.on('response', async (response) => {
      if (response.url().includes('/messages'))
        bytes += (await response.body().catch(() => Buffer.alloc(0))).length;
    });
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/long`);
    await answered(page, 'Answer 5999').waitFor();
    expect(bytes).toBeLessThan(600_000);
    const box = page.locator('.messages');
    const counts = () =>
      page.evaluate(() => ({
        rows: document.querySelectorAll('.message').length,
        nodes: document.querySelectorAll('*').length,
      }));
    /** Reads a page further back, and says how far the first message that was seen has moved. */
    const older = () =>
      page.evaluate(async () => {
        const own = document.querySelector('.messages') as HTMLElement;
        const before = own.scrollHeight;
        // Near enough to be drawn, and then so near that more is read.
        own.scrollTop = 900;
        for (let frame = 0; frame < 6; frame += 1) await new Promise(requestAnimationFrame);
        own.scrollTop = 500;
        const top = own.getBoundingClientRect().top;
        const seen = [...own.querySelectorAll<HTMLElement>('.message')].find(
          (one) => one.getBoundingClientRect().bottom > top + 200,
        );
        const text = seen?.textContent;
        const at = seen?.getBoundingClientRect().top ?? 0;
        while (own.scrollHeight === before) await new Promise(requestAnimationFrame);
        for (let frame = 0; frame < 6; frame += 1) await new Promise(requestAnimationFrame);
        const now = [...own.querySelectorAll<HTMLElement>('.message')].find(
          (one) => one.textContent === text,
        );
        return Math.abs((now?.getBoundingClientRect().top ?? 1e9) - at);
      });
    for (let pages = 0; pages < 25; pages += 1) expect(await older(), `page ${pages}`).toBeLessThan(3);
    const far = await counts();
    expect(far.rows).toBeLessThan(150);
    await page.getByRole('button', { name: 'Newest' }).click();
    await answered(page, 'Answer 5999').waitFor();
    await expect
      .poll(() => box.evaluate((own) => own.scrollHeight - own.scrollTop - own.clientHeight))
      .toBeLessThan(2);
    // New messages below do not move the page of somebody who reads above.
    await box.evaluate((own) => {
      own.scrollTop = own.scrollHeight - 3000;
    });
    await page.getByRole('button', { name: 'Newest' }).waitFor();
    const before = await box.evaluate((own) => own.scrollTop);
    await send(page, '[[slow 60 20ms]]');
    await answered(page, 'word60').waitFor({ state: 'attached' });
    expect(Math.abs((await box.evaluate((own) => own.scrollTop)) - before)).toBeLessThan(3);
    await page.getByRole('button', { name: 'Newest' }).waitFor();
    expect(faults).toEqual([]);
  },
  120_000,
);
