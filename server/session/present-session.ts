import type { Session, SessionState } from '../../contract/session.ts';
import type { LiveSession } from '../agent/port.ts';
import type { IndexedSession } from '../session-index/port.ts';
import { noFacts } from '../transcript/metadata.ts';

/**
 * The conversation of a session, and what it does now: older CLIs do not report a process without a terminal.
 */
export type SessionConversation = {
  id: string;
  title: string | null;
  state: 'idle' | 'running' | 'waiting';
};

/** What is live, and which conversations there are, at one moment. */
export type LiveState = {
  live: ReadonlyMap<string, LiveSession>;
  terminals: ReadonlyMap<string, { name: string; command: string }>;
  conversations: ReadonlyMap<string, SessionConversation>;
};

const states: Readonly<Record<LiveSession['status'], SessionState>> = {
  busy: 'running',
  waiting: 'waiting',
  idle: 'idle',
};

export const emptySession = (id: string, project: string | null): IndexedSession => ({
  id,
  path: '',
  size: 0,
  modifiedAt: new Date(0).toISOString(),
  facts: { ...noFacts, project },
  kind: null,
  forkOf: null,
  problem: null,
});

/** A session that is known only from its process: it has no transcript before its first message. */
export function fromLiveProcess({ sessionId, project, startedAt, kind }: LiveSession): IndexedSession {
  const session = emptySession(sessionId, project);
  if (!startedAt) return { ...session, kind };
  return { ...session, kind, modifiedAt: startedAt, facts: { ...session.facts, createdAt: startedAt } };
}

export function presentSession(indexed: IndexedSession, state: LiveState): Session {
  const { facts } = indexed;
  const live = state.live.get(indexed.id);
  const conversation = state.conversations.get(indexed.id);
  const turnState = conversation && conversation.state !== 'idle' ? conversation.state : null;
  return {
    id: indexed.id,
    project: facts.project,
    title: facts.customTitle ?? conversation?.title ?? live?.name ?? facts.ownTitle,
    first_message: facts.firstMessage,
    last_message: facts.lastMessage,
    state: turnState ?? (live ? states[live.status] : 'ended'),
    waiting_for: live?.waitingFor ?? null,
    kind: (live?.kind ?? indexed.kind) as Session['kind'],
    pid: live?.pid ?? null,
    turns: facts.turns,
    model: facts.model,
    git_branch: facts.gitBranch,
    forked_from: indexed.forkOf,
    created_at: facts.createdAt,
    modified_at: indexed.modifiedAt,
    size: indexed.size,
    cost: facts.cost,
    terminal: state.terminals.get(indexed.id) ?? null,
    conv_id: conversation?.id ?? null,
    bridge_url: live?.bridgeUrl ?? null,
    problem: indexed.problem,
  };
}
