import type { AgentOutput, RunEnd } from '../../../server/agent/port.ts';

type OutputType = AgentOutput['type'];

/** What one message does in every engine: its script, how the run ends, and what it puts out in between. */
export type RunCase = {
  name: string;
  message: string;
  end: Partial<Extract<RunEnd, { kind: 'answer' }>> | { kind: 'failure'; code: string };
  /** Types of output that must come in this order, others between them. */
  outputs: readonly OutputType[];
  /** What the first output of its type must contain. */
  contains?: Partial<AgentOutput>;
};

export const runCases: readonly RunCase[] = [
  {
    name: 'answers a message',
    message: 'hello',
    end: { kind: 'answer', response: 'Echo: hello', turns: 1 },
    outputs: ['text', 'message'],
  },
  {
    name: 'streams thoughts and text before the whole message',
    message: '[[think Hmm]][[text one two three]]',
    end: { kind: 'answer', response: 'one two three' },
    outputs: ['thinking', 'text', 'text', 'message'],
  },
  {
    name: 'reports a tool and its result',
    message: '[[text first]][[tool:Bash echo made]][[text done]]',
    end: { kind: 'answer', response: 'done', turns: 2 },
    outputs: ['message', 'tool.started', 'tool.finished', 'message'],
    contains: { type: 'tool.finished', output: 'made', is_error: false, parent_tool_id: null },
  },
  {
    name: 'reports a tool that fails, and continues',
    message: '[[tool:Bash exit 3]][[text anyway]]',
    end: { kind: 'answer', response: 'anyway' },
    outputs: ['tool.started', 'tool.finished', 'message'],
    contains: { type: 'tool.finished', is_error: true },
  },
  {
    name: 'runs several tools of one reply',
    message: '[[tool:Bash echo one]]&[[tool:Bash echo two]][[text both]]',
    end: { kind: 'answer', response: 'both' },
    outputs: ['tool.started', 'tool.finished', 'tool.finished', 'message'],
  },
  {
    name: 'changes a file, and says how much',
    message: '[[tool:Write made.txt words]][[text written]]',
    end: { kind: 'answer', response: 'written' },
    outputs: ['tool.started', 'tool.finished'],
    contains: {
      type: 'tool.started',
      name: 'Write',
      change: { added: 1, removed: 0 },
    } as Partial<AgentOutput>,
  },
  {
    name: 'reports tokens',
    message: '[[usage 20000 2000]][[text dear]]',
    end: { kind: 'answer', response: 'dear' },
    outputs: ['usage'],
    contains: { type: 'usage', contextTokens: 22_000 },
  },
  {
    name: 'retries what can succeed later',
    message: '[[error 529 x1]][[text after all]]',
    end: { kind: 'answer', response: 'after all' },
    outputs: ['retrying', 'text'],
    contains: { type: 'retrying', attempt: 1, discard_text: false },
  },
  {
    name: 'discards the text of a reply that was cut',
    message: '[[drop x1]][[text one two three four]]',
    end: { kind: 'answer', response: 'one two three four' },
    outputs: ['text', 'retrying', 'text', 'message'],
    contains: { type: 'retrying', discard_text: true },
  },
  {
    name: 'reports a model that refuses the credentials',
    message: '[[error 401]]',
    end: { kind: 'failure', code: 'not_logged_in' },
    outputs: [],
  },
  {
    name: 'reports a model that stays overloaded',
    message: '[[error 529]]',
    end: { kind: 'failure', code: 'model_overloaded' },
    outputs: ['retrying'],
  },
];
