import type { AgentStatus } from './agent/port.ts';
import type { RunningServer } from './server.ts';
import type { Salvaged } from './store/salvage.ts';
import type { TunnelStatus } from './tunnel/port.ts';

const line = (name: string, text: string) => `  ${name.padEnd(9)}${text}`;

/** The lines that the server prints when it has started. */
export function bannerLines(
  server: RunningServer,
  about: { version: string; project: string; hasTunnel: boolean },
): string[] {
  const password = server.passwordFile
    ? `password in ${server.passwordFile}`
    : 'password as set in AUTH_PASSWORD';
  return [
    `Switchboard ${about.version}`,
    line('Address', server.url),
    line('Sign in', `user ${server.username}, ${password}`),
    line('Project', about.project),
    ...(about.hasTunnel ? [] : [line('Tunnel', 'none; set TUNNEL=ngrok for an address on the internet')]),
  ];
}

export function agentLine(status: AgentStatus): string {
  if (!status.found) return line('Claude', `not found. ${status.hint}`);
  const signedIn =
    status.logged_in === null ? 'sign-in unknown' : status.logged_in ? 'signed in' : 'NOT signed in';
  return line(
    'Claude',
    `${status.version ?? 'unknown version'} at ${status.path}, ${signedIn}.${status.hint ? ` ${status.hint}` : ''}`,
  );
}

/** The tunnel's state, with its QR code if it is open. */
export async function tunnelLines(status: TunnelStatus): Promise<string[]> {
  if (status.state !== 'open' || !status.url)
    return [line('Tunnel', `${status.state}. ${status.detail ?? ''}`)];
  const { renderUnicodeCompact } = await import('uqr');
  return [line('Tunnel', status.url), renderUnicodeCompact(status.url)];
}

/** What became of a damaged journal. */
export function repairLines({ kept, isReadable, tables }: Salvaged): string[] {
  const whole = 'Sessions and their history are not kept in it, and are whole.';
  if (!isReadable)
    return [
      `Nothing could be read, not even the list of tables. An empty journal was begun; the old one is kept as ${kept}.`,
      whole,
    ];
  const lost = tables.reduce((sum, table) => sum + table.lost, 0);
  return [
    `The journal was written anew; the old one is kept as ${kept}.`,
    ...tables
      .filter(({ rows, lost }) => rows + lost > 0)
      .map(({ name, rows, lost }) => line(name, `${rows} rows${lost ? `, ${lost} lost` : ''}`)),
    lost ? `${lost} rows could not be read. ${whole}` : 'Every row that was found could be read.',
    'Start the server again.',
  ];
}
