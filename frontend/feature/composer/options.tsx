import { useEffect, useState } from 'preact/hooks';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { changeConversation } from '../../state/list.ts';
import { Sheet } from '../../ui/sheet.tsx';
import { words } from '../../word/words.ts';
import { menuOf } from './menu.ts';

const modes = ['default', 'acceptEdits', 'plan', 'auto', 'dontAsk', 'bypassPermissions'] as const;
const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** How the next turns of a conversation run: mode, model, effort, and what they may cost. */
export function Options({ snapshot, onClose }: { snapshot: ConversationSnapshot; onClose(): void }) {
  const [models, setModels] = useState<{ value: string; name: string; description: string }[]>([]);
  const { id, runs_with } = snapshot;
  const t = words.value;
  useEffect(() => {
    menuOf(id).then(
      (menu) => setModels(menu.models),
      () => {}, // Its own model can still be kept or typed.
    );
  }, [id]);
  const mode = snapshot.permission_mode ?? runs_with.permission_mode;
  const known = models.some(({ value }) => value === snapshot.model);

  return (
    <Sheet title={t.options} onClose={onClose}>
      <label>
        {t.mode}
        <select
          value={mode === 'manual' ? 'default' : mode}
          onChange={(event) =>
            void changeConversation(id, {
              permission_mode: event.currentTarget.value as (typeof modes)[number],
            })
          }
        >
          {modes.map((name) => (
            <option key={name} value={name}>
              {t.modes[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.model}
        <select
          value={snapshot.model ?? ''}
          onChange={(event) => void changeConversation(id, { model: event.currentTarget.value || null })}
        >
          <option value="">{runs_with.model ?? t.asConfigured}</option>
          {snapshot.model && !known && <option value={snapshot.model}>{snapshot.model}</option>}
          {models.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.effort}
        <select
          value={snapshot.effort ?? ''}
          onChange={(event) =>
            void changeConversation(id, {
              effort: (event.currentTarget.value || null) as (typeof efforts)[number] | null,
            })
          }
        >
          <option value="">{t.asConfigured}</option>
          {efforts.map((name) => (
            <option key={name} value={name}>
              {t.efforts[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.budget}
        <input
          type="number"
          inputMode="decimal"
          min="0"
          step="any"
          placeholder={t.noBudget}
          defaultValue={snapshot.max_cost_usd ?? ''}
          onChange={(event) =>
            void changeConversation(id, { max_cost_usd: Number(event.currentTarget.value) || null })
          }
        />
      </label>
      <p class="quiet-line">
        {t.spent} {t.money(snapshot.cost_usd)}
        {snapshot.budget && ` / ${t.money(snapshot.budget.limit_usd)}`}
      </p>
      <Context snapshot={snapshot} />
    </Sheet>
  );
}

/** How full the model's memory of the conversation is. */
export function Context({ snapshot: { context } }: { snapshot: ConversationSnapshot }) {
  if (!context) return null;
  const { tokens, window } = context;
  const t = words.value;
  return (
    <p class="quiet-line context">
      {t.context(tokens, window)}
      {window && (
        <meter min={0} max={window} high={window * 0.8} value={tokens} aria-label={t.contextMeter} />
      )}
    </p>
  );
}
