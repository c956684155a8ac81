import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { xssStrings } from '../fixture/xss.ts';
import { openAll, openPhone, signIn } from '../helper/browser.ts';
import { startBuilt } from '../helper/packaged.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'page.safe',
  'shows 100 hostile strings literally: in messages, Markdown, tools, files, titles and prompts',
  async () => {
    expect(xssStrings.length).toBeGreaterThanOrEqual(100);
    const { server, workspace } = await startBuilt(
      {},
      { scriptFor: (text) => (text.includes('[[') ? null : `[[think ${safe(text)}]][[text ${safe(text)}]]`) },
    );
    await server.post('/api/conversations', {
      id: 'hostile',
      title: '<img src=x onerror=window.hit=1>',
      allowed_tools: 'Bash Write Read',
    });
    const all = xssStrings.join('\n\n');
    await writeFile(join(workspace.project, '<img src=x onerror=window.hit=1>.txt'), all);
    await writeFile(join(workspace.project, 'all.txt'), all);
    for (const from of [0, 25, 50, 75])
      await server.chat({ conv_id: 'hostile', message: xssStrings.slice(from, from + 25).join('\n\n') });
    const command = JSON.stringify({
      command: 'cat all.txt # <script>window.hit=1</script>',
      description: '<b onclick=window.hit=1>',
    });
    await server.chat({
      conv_id: 'hostile',
      message: `[[tool:Bash ${command}]][[tool:Read ${join(workspace.project, 'all.txt')}]][[text done]]`,
    });
    await server.patch('/api/conversations/hostile', { permission_mode: 'default', allowed_tools: '' });
    await server.accept('hostile', {
      message: `[[tool:Bash ${JSON.stringify({ command: 'touch "<svg onload=window.hit=1>"', description: '<img src=x onerror=window.hit=1>' })}]]`,
    });
    await server.prompts();
    const { page, faults, hosts } = await openPhone();
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await signIn(page, server.url);
    await page.goto(`${server.url}/c/hostile`);
    await page.getByRole('region', { name: 'permission' }).waitFor();
    const older = page.getByRole('button', { name: 'Older' });
    while (await older.count()) await older.click().catch(() => {});
    await openAll(page);
    await page.locator('details.tool .tool-detail').first().waitFor();
    await page.locator('.picker').click();
    await page.getByRole('dialog').getByRole('button', { name: '<img src=x' }).waitFor();
    const found = await page.evaluate(() => {
      const all = [...document.querySelectorAll('*')];
      return {
        hit: (window as unknown as { hit?: number }).hit ?? null,
        strange: all
          .filter(({ id }) => id !== 'boot')
          .map(({ localName }) => localName)
          .filter((name) =>
            /^(script|iframe|object|embed|base|form|video|audio|math|marquee|style|img)$/.test(name),
          ),
        handlers: all.flatMap((one) => one.getAttributeNames().filter((name) => name.startsWith('on'))),
        links: [...document.querySelectorAll('a')].map((link) => new URL(link.href).protocol),
        sideways: document.documentElement.scrollWidth > innerWidth,
      };
    });
    expect(found.hit).toBeNull();
    // The page's own script, style and message box; and its JSON, unless the service worker served the page.
    expect(found.strange.toSorted()).toEqual(['form', 'script', 'style']);
    expect(found.handlers).toEqual([]);
    expect(
      [...new Set(found.links)].filter((protocol) => !['http:', 'https:', 'mailto:'].includes(protocol)),
    ).toEqual([]);
    expect(found.sideways).toBe(false);
    expect(dialogs).toEqual([]);
    expect([...hosts]).toEqual([new URL(server.url).host]);
    expect(faults).toEqual([]);
  },
  120_000,
);

/** The script of the API uses brackets too. */
const safe = (text: string) => text.replaceAll('[[', '[ [').replaceAll(']]', '] ]');
