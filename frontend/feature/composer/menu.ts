import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';

type Menu = Answer<'readMenu'>;

/** It changes rarely; a live process that has just started knows more of it. */
const rememberMs = 60_000;

const known = new Map<string, { at: number; menu: Menu }>();

/** The commands and models that the agent of a conversation offers. */
export async function menuOf(id: string): Promise<Menu> {
  const before = known.get(id);
  if (before?.menu.commands.length && Date.now() - before.at < rememberMs) return before.menu;
  const menu = await call('readMenu', { params: { id } });
  known.set(id, { at: Date.now(), menu });
  return menu;
}
