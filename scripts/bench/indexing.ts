import type { Indexing } from '../../contract/session.ts';
import type { BenchServer } from './server.ts';

/** How far the index of a server is. */
export async function readIndexing(server: BenchServer): Promise<Indexing> {
  const response = await server.get('/api/hosts/local/sessions?limit=1');
  return ((await response.json()) as { indexing: Indexing }).indexing;
}
