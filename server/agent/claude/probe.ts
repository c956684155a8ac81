import { errorTable } from '../../../contract/error.ts';
import { ProgramError, runProgram } from '../../util/child-process.ts';
import type { AgentStatus } from '../port.ts';

const timeoutMs = 10_000;

/** Asks the CLI for its version and whether it is signed in, until `signal`. `binary` null: it was not found. */
export async function probeClaude(
  binary: string | null,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AgentStatus> {
  if (binary === null) {
    return {
      found: false,
      path: null,
      version: null,
      logged_in: null,
      hint: errorTable.agent_not_found.hint,
    };
  }
  const ask = async (...args: string[]): Promise<string> => {
    try {
      return (await runProgram(binary, args, { env, timeoutMs, signal, killSignal: 'SIGKILL' })).stdout;
    } catch (error) {
      // `auth status` exits with 1, and prints its report anyway, if no account is signed in.
      return error instanceof ProgramError ? error.stdout : '';
    }
  };
  const [version, auth] = await Promise.all([ask('--version'), ask('auth', 'status')]);
  const loggedIn = readLoggedIn(auth);
  const number = /\d+\.\d+\.\d+/.exec(version)?.[0] ?? null;
  const hint =
    number === null
      ? `${binary} does not answer to --version.`
      : loggedIn === false
        ? errorTable.not_logged_in.hint
        : null;
  return { found: true, path: binary, version: number, logged_in: loggedIn, hint };
}

function readLoggedIn(text: string): boolean | null {
  try {
    const { loggedIn } = JSON.parse(text);
    return typeof loggedIn === 'boolean' ? loggedIn : null;
  } catch {
    return null; // An older version, or a command that only looks like claude.
  }
}
