import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace.ts';

/**
 * An executable in place of claude, for what the real one cannot be made to do. `body` is a shell script, for
 * turns; to what the server asks beside them (--version, auth status) it answers as version 9.9.9.
 */
export async function writeFakeClaude(
  { root }: Workspace,
  body: string,
  name = 'fake-claude',
): Promise<string> {
  const path = join(root, name);
  await writeFile(
    path,
    `#!/usr/bin/env bash\n[ "$1" = -p ] || { echo "9.9.9 (Claude Code)"; exit 0; }\n${body}\n`,
  );
  await chmod(path, 0o755);
  return path;
}
