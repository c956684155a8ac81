import { messages } from './i18n/messages.ts';
import type { Panel } from './panel.ts';
import { navigate } from './state/route.ts';
import { thread } from './state/thread.ts';
import { Icon } from './ui/icon.tsx';

/** Which conversation is open and how it stands, how many wait, and the way to all the rest. */
export function Top({ waiting, title, open }: { waiting: number; title: string; open(panel: Panel): void }) {
  const t = messages.value;
  const snapshot = thread.value?.snapshot;
  const folder = snapshot?.project.split('/').at(-1);
  return (
    <header class="top">
      <h1>
        <button
          type="button"
          class="plain picker"
          aria-label={`${t.conversations}: ${title}`}
          onClick={() => open('conversations')}
        >
          {snapshot && (
            <span class={`dot ${snapshot.state}`} role="img" aria-label={t.states[snapshot.state]} />
          )}
          <span class="conversation-text">
            <span class="conversation-title" dir="auto">
              {title}
            </span>
            {snapshot && (
              <span class="conversation-facts">
                {t.turns(snapshot.turn_count)} · {t.money(snapshot.cost_usd)}
                {snapshot.budget?.warning && ` / ${t.money(snapshot.budget.limit_usd)}`} · {folder}
              </span>
            )}
          </span>
          <Icon name="down" />
        </button>
      </h1>
      <button
        type="button"
        class={`plain count ${waiting ? 'some' : ''}`}
        aria-label={t.waiting(waiting)}
        onClick={() => open('prompts')}
      >
        <Icon name="bell" />
        {waiting > 0 && <span aria-hidden="true">{waiting}</span>}
      </button>
      <button
        type="button"
        class="plain"
        aria-label={t.actions}
        disabled={!snapshot}
        onClick={() => open('actions')}
      >
        <Icon name="more" />
      </button>
      <button type="button" class="plain" aria-label={t.settings} onClick={() => navigate('/settings')}>
        <Icon name="gear" />
      </button>
    </header>
  );
}
