import { AppError } from '../app-error.ts';
import type { ConversationRecord, MappingStore } from '../store/port.ts';

/** Throws AppError `conversation_not_found`. */
export function requireRecord(mapping: Pick<MappingStore, 'get'>, id: string): ConversationRecord {
  const record = mapping.get(id);
  if (!record)
    throw new AppError('conversation_not_found', `There is no conversation ${JSON.stringify(id)}.`, {
      field: 'id',
    });
  return record;
}
