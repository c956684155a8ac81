import type { Route } from './route-row.ts';

/** The routes of prompts, rules and the audit log; see `routes`. */
export const promptRoutes = {
  listPrompts: {
    method: 'GET',
    path: '/api/prompts',
    tag: 'prompts',
    summary: 'What waits for a person, in all conversations: permissions, questions, plans, budgets',
    errors: [],
  },
  answerPrompt: {
    method: 'POST',
    path: '/api/prompts/:id',
    tag: 'prompts',
    summary: 'Answer a prompt; the same answer again is fine',
    errors: ['prompt_not_found', 'prompt_answered', 'prompt_changed', 'prompt_withdrawn'],
  },
  listRules: {
    method: 'GET',
    path: '/api/rules',
    tag: 'prompts',
    summary: 'What is allowed without being asked about',
    errors: [],
  },
  revokeRule: {
    method: 'DELETE',
    path: '/api/rules/:id',
    tag: 'prompts',
    summary: 'Take an allowance back',
    errors: ['rule_not_found'],
  },
  audit: {
    method: 'GET',
    path: '/api/audit',
    tag: 'prompts',
    summary: 'Who answered what, when and from where, newest first',
    errors: [],
  },
} as const satisfies Record<string, Route>;
