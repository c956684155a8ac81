import type { NoticeKind } from '../../contract/common.ts';
import type { PushSettings } from '../../contract/push.ts';
import type { Notice } from './notification.ts';
import { isQuiet } from './quiet-hours.ts';

/** Why a notice is not sent; null if it is. Returns the first reason that applies. */
export function suppressionReason(
  notice: Pick<Notice, 'kind' | 'event_id'>,
  how: {
    settings: PushSettings;
    conversation: readonly NoticeKind[] | null;
    seenEvent: number;
    isStillWanted: boolean;
    now: Date;
  },
): string | null {
  const kinds = how.conversation ?? how.settings.kinds;
  if (!kinds.includes(notice.kind))
    return how.conversation ? 'not wanted for this conversation' : 'not wanted by the settings';
  if (!how.isStillWanted) return 'answered before it was sent';
  if (how.seenEvent >= notice.event_id) return 'a visible page has shown it';
  if (isQuiet(how.settings.quiet, how.now)) return 'quiet hours';
  return null;
}
