import { useEffect, useState } from 'preact/hooks';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { messages } from '../../i18n/messages.ts';
import { changeConversation } from '../../state/list.ts';
import { Sheet } from '../../ui/sheet.tsx';
import { menuOf } from './menu.ts';

const modes = ['default', 'acceptEdits', 'plan', 'auto', 'dontAsk', 'bypassPermissions'] as const;
const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** How the next turns of a conversation run: mode, model, effort, and what they may cost. */
export function Options({ snapshot, onClose }: { snapshot: ConversationSnapshot; onClose(): void }) {
  const { id, cost_usd, budget } = snapshot;
  const t = messages.value;
  return (
    <Sheet title={t.options} onClose={onClose}>
      <ModeField snapshot={snapshot} />
      <ModelField snapshot={snapshot} />
      <EffortField snapshot={snapshot} />
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
        {t.spent} {t.money(cost_usd)}
        {budget && ` / ${t.money(budget.limit_usd)}`}
      </p>
      <Context snapshot={snapshot} />
    </Sheet>
  );
}

type FieldProps = { snapshot: ConversationSnapshot };

function ModeField({ snapshot: { id, permission_mode, runs_with } }: FieldProps) {
  const t = messages.value;
  const mode = permission_mode ?? runs_with.permission_mode;
  return (
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
  );
}

function ModelField({ snapshot: { id, model, runs_with } }: FieldProps) {
  const [models, setModels] = useState<{ value: string; name: string; description: string }[]>([]);
  const t = messages.value;
  useEffect(() => {
    menuOf(id).then(
      (menu) => setModels(menu.models),
      () => {}, // The model that is set can still be kept.
    );
  }, [id]);
  const isListed = models.some(({ value }) => value === model);
  return (
    <label>
      {t.model}
      <select
        value={model ?? ''}
        onChange={(event) => void changeConversation(id, { model: event.currentTarget.value || null })}
      >
        <option value="">{runs_with.model ?? t.asConfigured}</option>
        {model && !isListed && <option value={model}>{model}</option>}
        {models.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function EffortField({ snapshot: { id, effort } }: FieldProps) {
  const t = messages.value;
  return (
    <label>
      {t.effort}
      <select
        value={effort ?? ''}
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
  );
}

/** How full the context of the conversation is. */
export function Context({ snapshot: { context } }: { snapshot: ConversationSnapshot }) {
  if (!context) return null;
  const { tokens, window } = context;
  const t = messages.value;
  return (
    <p class="quiet-line context">
      {t.context(tokens, window)}
      {window && (
        <meter min={0} max={window} high={window * 0.8} value={tokens} aria-label={t.contextMeter} />
      )}
    </p>
  );
}
