import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Setting, settings } from '../../server/setting.ts';
import folders from '../folders.cjs';
import { apiPage } from './api-page.ts';
import { cliPage } from './cli-page.ts';
import { troubleshootingPage } from './troubleshooting-page.ts';

/** Every generated file with what it must hold; a test compares them. */
export function generatedFiles(): { path: string; text: string }[] {
  return [
    { path: 'docs/api.md', text: apiPage() },
    { path: 'docs/cli.md', text: cliPage() },
    { path: 'docs/troubleshooting.md', text: troubleshootingPage() },
    { path: 'docs/settings.md', text: settingsPage() },
    { path: '.env.example', text: envExample() },
    { path: 'CONTRIBUTING.md', text: contributing() },
  ];
}

const rows = () => Object.entries(settings) as [string, Setting & { shown: string }][];

function settingsPage(): string {
  const table = rows().map(
    ([name, { shown, about }]) => `| \`${name}\` | ${shown ? `\`${shown}\`` : 'empty'} | ${about} |`,
  );
  return `# Settings

<!-- Made by npm run generate from server/setting.ts. -->

Settings are environment variables, or lines of a file \`.env\` in the folder where the server is started
(\`cp .env.example .env\`). The environment wins over the file. All are optional; only a server that can be
reached from outside needs \`AUTH_PASSWORD\`.

| Setting | Default | What it is for |
| --- | --- | --- |
${table.join('\n')}

Agents get the server's environment (so \`ANTHROPIC_API_KEY\`, \`ANTHROPIC_BASE_URL\`, proxies and \`HOME\` pass
through) without \`AUTH_*\`, \`NGROK_*\` and \`SWITCHBOARD_*\` (but for \`SWITCHBOARD_TURN\`, the id of the turn, by which its processes are
found), and without the settings above that stand in \`.env\`.
Other lines of \`.env\` are handed on to agents.
`;
}

function envExample(): string {
  const lines = rows().map(
    ([name, { shown, about }]) => `# ${about}\n${name}=${/\s/.test(shown) ? `"${shown}"` : shown}\n`,
  );
  return `# Every setting with its default. Copy this file to .env and change what you need.\n\n${lines.join('\n')}`;
}

const tableStart = '<!-- The folders of the server: made by npm run generate from scripts/folders.cjs. -->';
const tableEnd = '<!-- End of the generated table. -->';

/** The page by hand, with its table of folders. */
function contributing(): string {
  const page = readFileSync(join(import.meta.dirname, '../../CONTRIBUTING.md'), 'utf8');
  const before = page.slice(0, page.indexOf(tableStart) + tableStart.length);
  const after = page.slice(page.indexOf(tableEnd));
  const rows = Object.entries(folders.serverFolders).map(
    ([name, { what, imports }]) =>
      `| \`${name}/\` | ${what} | ${imports.map((path) => `\`${path}\``).join(', ') || '–'} |`,
  );
  return `${before}\n\n| Folder | What is in it | May import |\n| --- | --- | --- |\n${rows.join('\n')}\n\n${after}`;
}
