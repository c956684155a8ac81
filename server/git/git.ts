import { mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ProgramError, runForBytes, type Started, startProcess } from '../util/child-process.ts';

export { ProgramError, StartError } from '../util/child-process.ts';

/** How long a turn waits for a git command. */
const defaultTimeoutMs = 5_000;

const maxOutput = 64_000_000;

const maxExcludesBytes = 1_000_000;

/**
 * Every command works on a repository of the server, which only the server writes. It has no work tree and
 * never sees that of a project, so nothing in a project's files can reach git. These settings override those
 * of the machine.
 */
const settings = Object.entries({
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  'core.attributesFile': '/dev/null',
  'core.excludesFile': '/dev/null',
  'core.pager': 'cat',
  'core.askPass': '',
  'core.sshCommand': 'false',
  'core.quotePath': 'false',
  'core.precomposeUnicode': 'false',
  // Names that Windows or macOS cannot have are left out before git sees them.
  'core.protectNTFS': 'false',
  'core.protectHFS': 'false',
  'core.fsync': 'none',
  'core.looseCompression': '1',
  'pack.compression': '1',
  'pack.threads': '1',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'credential.helper': '',
  'protocol.allow': 'never',
}).flatMap(([key, value]) => ['-c', `${key}=${value}`]);

export type GitOptions = { input?: string | Uint8Array; timeoutMs?: number; maxBytes?: number };

/** Where git looks for patterns that a person ignores in all projects, by default. */
const defaultExcludes = (env: Readonly<Record<string, string>>) =>
  join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? homedir(), '.config'), 'git', 'ignore');

/** Builds every git command of the server. `folder` holds the server's own repositories. */
export function createGit({ folder, env }: { folder: string; env: Readonly<Record<string, string>> }) {
  const ownEnv = {
    PATH: env['PATH'] ?? '',
    // Only the server writes there, so git reads no configuration from it.
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_PAGER: 'cat',
  };

  const argsOf = (repository: string, args: readonly string[]) => [
    '--no-pager',
    `--git-dir=${repository}`,
    ...settings,
    ...args,
  ];

  async function exec(
    args: readonly string[],
    cwd: string,
    commandEnv: Record<string, string>,
    options: GitOptions,
  ): Promise<Buffer> {
    const { input, timeoutMs = defaultTimeoutMs, maxBytes = maxOutput } = options;
    return (
      await runForBytes('git', args, {
        cwd,
        env: commandEnv,
        timeoutMs,
        maxBytes,
        ...(input === undefined ? {} : { input }),
      })
    ).stdout;
  }

  const run = async (
    repository: string,
    args: readonly string[],
    options: GitOptions = {},
  ): Promise<Buffer> => exec(argsOf(repository, args), repository, ownEnv, options);

  return {
    run,
    /** Starts a command that reads its input while it runs. */
    start: (repository: string, args: readonly string[]): Promise<Started> =>
      startProcess('git', argsOf(repository, args), { cwd: repository, env: ownEnv }),
    /** Creates an empty repository. */
    async init(repository: string): Promise<void> {
      await mkdir(repository, { recursive: true, mode: 0o700 });
      await run(repository, ['init', '--quiet', '--bare', '--template=']);
    },
    /** The values of a key in the text of a git configuration. Included files are not read. */
    async configValues(repository: string, text: Uint8Array, key: string): Promise<string[]> {
      const args = ['config', '--file', '-', '--no-includes', '--null', '--get-all', key];
      const output = await run(repository, args, { input: text }).catch((error) => {
        if (error instanceof ProgramError && error.exitCode === 1) return Buffer.alloc(0); // It is not set.
        throw error;
      });
      return output.toString().split('\0').slice(0, -1);
    },
    /** What a person ignores in all projects. Reads their configuration, in a repository of the server. */
    async personExcludes(repository: string): Promise<string> {
      const personEnv: Record<string, string> = {
        PATH: ownEnv.PATH,
        HOME: env['HOME'] ?? homedir(),
        LC_ALL: 'C',
      };
      if (env['XDG_CONFIG_HOME']) personEnv['XDG_CONFIG_HOME'] = env['XDG_CONFIG_HOME'];
      const args = [
        `--git-dir=${repository}`,
        'config',
        '--includes',
        '--null',
        '--type=path',
        '--get',
        'core.excludesFile',
      ];
      const set = await exec(args, repository, personEnv, {}).catch(() => null);
      const path = set?.toString().split('\0')[0] || defaultExcludes(env);
      if (!isAbsolute(path)) return '';
      const found = await stat(path).catch(() => null);
      return found?.isFile() && found.size <= maxExcludesBytes ? readFile(path, 'utf8').catch(() => '') : '';
    },
  };
}

export type Git = ReturnType<typeof createGit>;
