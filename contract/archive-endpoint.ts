import { z } from 'zod';
import { ArchiveRecord, Door } from './archive.ts';
import { SessionId } from './common.ts';
import { count, flag } from './query.ts';

const RecordParams = z.object({ id: z.string().min(1).max(64) });

/** The shapes of the routes of `archiveRoutes`. */
export const archiveEndpoints = {
  listArchive: {
    query: z.object({
      q: z.string().max(200).optional().describe('a part of its project, name, label or session'),
      session_id: SessionId.optional(),
      door: Door.optional(),
      hidden: flag.optional().describe('true: the hidden ones as well'),
      ended: flag.optional().describe('true: ended ones alone; false: live ones alone'),
      limit: count(1, 500).optional().describe('default: 100'),
      before: z.string().max(64).optional().describe('the id of a record: those that were started before it'),
    }),
    response: z.object({
      records: z.array(ArchiveRecord),
      before: z.string().nullable().describe('pass it as ?before= for older ones'),
    }),
  },
  readArchive: { params: RecordParams, response: ArchiveRecord },
  readArchiveLog: {
    params: RecordParams,
    query: z.object({
      tail_kb: count(1, 16_384).optional().describe('default: 64'),
      raw: flag.optional().describe('true: with the colours and movements of the terminal'),
    }),
    response: z.unknown(),
  },
  changeArchive: {
    params: RecordParams,
    body: z.object({ label: z.string().trim().max(100).nullable() }),
    response: ArchiveRecord,
  },
  hideArchive: { params: RecordParams, response: ArchiveRecord },
  unhideArchive: { params: RecordParams, response: ArchiveRecord },
};
