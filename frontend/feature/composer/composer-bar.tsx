import { messages } from '../../i18n/messages.ts';
import { contextShare, modeName, openId, runningTurn } from '../../state/thread.ts';
import { stopTurn } from '../../state/turn.ts';
import { Icon } from '../../ui/icon.tsx';
import { canDictate, dictate, isListening } from './dictation.ts';
import { appendDraft } from './draft.ts';

type ComposerBarProps = {
  isEmpty: boolean;
  isAdding: boolean;
  onAdd(): void;
  onOptions(): void;
  onSteer(): void;
};

/** The buttons under the box. */
export function ComposerBar({ isEmpty, isAdding, onAdd, onOptions, onSteer }: ComposerBarProps) {
  const t = messages.value;
  const running = runningTurn.value;
  return (
    <div class="composer-bar">
      <button type="button" class="plain" aria-label={t.add} aria-expanded={isAdding} onClick={onAdd}>
        <Icon name="plus" />
      </button>
      <ModeButton onClick={onOptions} />
      {canDictate() && <DictateButton />}
      <span class="space" />
      {running && (
        <button type="button" class="danger" onClick={() => void stopTurn(running)}>
          {t.stop}
        </button>
      )}
      {running && !isEmpty && (
        <button type="button" class="steer" onClick={onSteer} title={t.steerAbout}>
          {t.steer}
        </button>
      )}
      <button type="submit" class="primary" disabled={isEmpty}>
        {t.send}
      </button>
    </div>
  );
}

function ModeButton({ onClick }: { onClick(): void }) {
  const t = messages.value;
  const mode = modeName.value;
  if (mode === null) return null;
  return (
    <button type="button" class="plain mode" aria-label={t.options} onClick={onClick}>
      <Icon name="sliders" />
      <span>{t.modes[mode as keyof typeof t.modes] ?? mode}</span>
      {contextShare.value !== null && <small>{contextShare.value} %</small>}
    </button>
  );
}

const DictateButton = () => (
  <button
    type="button"
    class="plain mic"
    aria-label={messages.value.dictate}
    aria-pressed={isListening.value}
    onClick={() => dictate((text) => appendDraft(openId.value, text))}
  >
    <Icon name="mic" />
  </button>
);
