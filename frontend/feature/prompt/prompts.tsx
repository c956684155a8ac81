import { messages } from '../../i18n/messages.ts';
import { list, titleOf } from '../../state/list.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { thread } from '../../state/thread.ts';
import { lazy } from '../../ui/lazy.tsx';
import { Sheet } from '../../ui/sheet.tsx';

/** Most of the time nothing waits: the page opens without it. If something does, the server has drawn it. */
export const PromptCard = lazy(async () => (await import('./prompt-card.tsx')).PromptCard);

/** What the open conversation waits for. */
export function OwnPrompts() {
  return (
    <>
      {thread.value?.snapshot.prompts.map((prompt) => (
        <PromptCard key={prompt.id} prompt={prompt} />
      ))}
    </>
  );
}

/** What all conversations wait for, in one place. */
export function AllPrompts({ onClose }: { onClose(): void }) {
  const { prompts } = list.value;
  return (
    <Sheet title={messages.value.needsYou} onClose={onClose}>
      {!prompts.length && <p class="quiet-line">{messages.value.nothingWaits}</p>}
      {prompts.map((prompt) => (
        <div key={prompt.id} class="prompt-row">
          <PromptCard prompt={prompt} place={titleOf(prompt.conv_id)} />
          <button
            type="button"
            class="plain"
            onClick={() => {
              navigate(conversationPath(prompt.conv_id));
              onClose();
            }}
          >
            {messages.value.openConversation(titleOf(prompt.conv_id))}
          </button>
        </div>
      ))}
    </Sheet>
  );
}
