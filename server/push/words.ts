import type { PushMessage } from '../../contract/push.ts';

/**
 * The first line of a notice, for channels that show it as it is; the page's worker has its own, by language.
 */
export function headline({ kind, title, prompt }: PushMessage): string {
  switch (kind) {
    case 'needs_me':
      return `${title}: ${prompt?.kind === 'permission' ? `may it use ${prompt.tool}?` : `${prompt?.kind ?? 'answer'} wanted`}`;
    case 'finished':
      return `${title}: finished`;
    case 'failed':
      return `${title}: failed`;
    default:
      return `${title}: test`;
  }
}
