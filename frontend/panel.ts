/** What can lie over the page. */
export type Panel = 'conversations' | 'actions' | 'prompts' | 'palette' | 'help' | null;
