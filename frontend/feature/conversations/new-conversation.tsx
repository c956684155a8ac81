import { call } from '../../api/client.ts';
import { attempt, loadConversations, openConversation } from '../../state/app-state.ts';

/** The form for a new conversation: its name, and the folder that the agent works in. */
export function NewConversation({ onDone }: { onDone(): void }) {
  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const id = String(form.get('name')).trim();
    const project = String(form.get('project')).trim();
    const isCreated = await attempt(async () => {
      await call('createConversation', { body: { ...(id ? { id } : {}), ...(project ? { project } : {}) } });
    });
    if (!isCreated) return;
    await loadConversations();
    openConversation(id);
    onDone();
  }

  return (
    <form class="new-conversation" onSubmit={create}>
      <label>
        Name
        <input name="name" required maxLength={64} pattern="[A-Za-z0-9._\-]+" title="letters, digits, dot, dash, underscore" autocapitalize="none" />
      </label>
      <label>
        Project folder (empty: the default)
        <input name="project" placeholder="/home/me/code" autocapitalize="none" spellcheck={false} />
      </label>
      <div class="new-conversation-buttons">
        <button type="button" onClick={onDone}>
          Cancel
        </button>
        <button type="submit" class="primary">
          Create
        </button>
      </div>
    </form>
  );
}
