import { PermissionMode } from '../../contract/common.ts';
import type { ServerEventBus } from '../events.ts';
import type { MappingStore } from '../store/port.ts';
import type { ConversationRecords } from './records.ts';

/** Keeps conversations in step with events of other parts of the server. */
export function followServerEvents(deps: {
  events: ServerEventBus;
  mapping: MappingStore;
  records: ConversationRecords;
}): void {
  const { events, mapping, records } = deps;
  events.on('session.cleared', (from, to) => {
    const all = [...mapping.all()];
    if (all.some(([, { session_id }]) => session_id === to)) return;
    // A turn of the conversation may end later: it keeps the session that is recorded here.
    for (const [id, record] of all)
      if (record.session_id === from) records.saveLater(id, { ...record, session_id: to });
  });
  events.on('plan.accepted', (id, mode) => {
    const record = mapping.get(id);
    if (record?.permission_mode !== 'plan') return;
    records.saveLater(id, { ...record, permission_mode: PermissionMode.catch('default').parse(mode) });
  });
}
