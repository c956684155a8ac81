import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** The CLI knows a key that was asked about by its end; a shorter one as a whole. */
const keyEnd = 20;

type Settings = {
  hasCompletedOnboarding?: boolean;
  customApiKeyResponses?: { approved?: string[]; rejected?: string[] };
  projects?: Record<string, Record<string, unknown>>;
};

/** The file in which the CLI keeps what a person has answered at its first start. */
const settingsFile = (env: Readonly<Record<string, string>>) =>
  join(env['CLAUDE_CONFIG_DIR'] || (env['HOME'] ?? ''), '.claude.json');

/**
 * Answers what a terminal would ask at its first start in a folder (welcome, trust, the API key of the
 * environment) as the person has answered by starting it here. A key that they have refused stays so.
 * A file that is damaged is left alone: then the CLI asks.
 */
export async function answerFirstStart(
  env: Readonly<Record<string, string>>,
  project: string,
): Promise<void> {
  const path = settingsFile(env);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  let settings: Settings;
  try {
    settings = JSON.parse(text);
  } catch {
    return;
  }
  const before = JSON.stringify(settings);
  settings.hasCompletedOnboarding ??= true;
  const folder = await realpath(project);
  settings.projects = {
    ...settings.projects,
    [folder]: { ...settings.projects?.[folder], hasTrustDialogAccepted: true },
  };
  const key = env['ANTHROPIC_API_KEY']?.slice(-keyEnd);
  const { approved = [], rejected = [] } = settings.customApiKeyResponses ?? {};
  if (key && !approved.includes(key) && !rejected.includes(key))
    settings.customApiKeyResponses = { approved: [...approved, key], rejected };
  if (JSON.stringify(settings) !== before)
    await writeFileAtomic(path, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
}
