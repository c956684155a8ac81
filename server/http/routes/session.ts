import { AppError } from '../../app-error.ts';
import type { Host } from '../../session/port.ts';
import type { SessionRecords } from '../../session-record/records.ts';
import type { Handle } from '../handle.ts';

export type SessionDeps = {
  hosts: ReadonlyMap<string, Host>;
  archive: Pick<SessionRecords, 'ofSession'>;
};

/** Throws AppError `host_not_found`. */
export function requireHost(hosts: ReadonlyMap<string, Host>, name: string): Host {
  const host = hosts.get(name);
  if (host) return host;
  const detail = `There is no host ${JSON.stringify(name)}. Known: ${[...hosts.keys()].join(', ')}.`;
  throw new AppError('host_not_found', detail, { field: 'host' });
}

/** The sessions of hosts, no matter which program started them. */
export function addSessionRoutes(handle: Handle, { hosts, archive }: SessionDeps): void {
  const hostOf = (name: string) => requireHost(hosts, name);
  const local = () => hostOf('local');

  handle('listHostSessions', ({ params, query }) => {
    const { project, state, kind, q, forks, limit, cursor } = query;
    return hostOf(params.host).sessions({
      project,
      states: state,
      kind,
      q,
      withForks: forks ?? true,
      limit: limit ?? 50,
      cursor,
    });
  });
  handle('readHostSession', async ({ params }) => {
    const session = await hostOf(params.host).session(params.id);
    return { ...session, record: await archive.ofSession(session.id) };
  });
  handle('readHostMessages', ({ params, query }) =>
    hostOf(params.host).messages(params.id, { limit: query.limit ?? 50, before: query.before }),
  );
  handle('diagnoseSession', ({ params }) => hostOf(params.host).diagnose(params.id));
  handle('repairSession', ({ params, body }) =>
    hostOf(params.host).repair(params.id, { dryRun: body.dry_run ?? false }),
  );
  handle('renameSession', ({ params, body }) => hostOf(params.host).rename(params.id, body.title));
  handle('search', ({ query: { q, project, role, since, until, limit } }) =>
    local().search({
      q,
      project,
      roles: role ?? ['user', 'assistant', 'tool', 'output'],
      since,
      until,
      limit: limit ?? 20,
    }),
  );
  handle('readTyped', async ({ query }) => ({
    prompts: await local().readPromptHistory({ ...query, limit: query.limit ?? 50 }),
  }));
}
