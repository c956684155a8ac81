import type { Sent } from '../../contract/endpoint.ts';
import { call } from '../api/client.ts';
import { runReported } from './session.ts';

/** What can be done with turns, prompts and background work. What they change comes back as events. */
export const stopTurn = (id: string): Promise<boolean> =>
  runReported(() => call('cancelTurn', { params: { id } }));
export const changeTurn = (id: string, message: string): Promise<boolean> =>
  runReported(() => call('changeTurn', { params: { id }, body: { message } }));
export const takeBack = (id: string): Promise<boolean> =>
  runReported(() => call('deleteTurn', { params: { id } }));
export const moveFirst = (id: string): Promise<boolean> =>
  runReported(() => call('promoteTurn', { params: { id } }));
export const stopBackground = (id: string, task: string): Promise<boolean> =>
  runReported(() => call('stopBackground', { params: { id, task } }));

/** Answers a prompt. Its card goes when the server says that it is closed. */
export const answerPrompt = (id: string, body: Sent<'answerPrompt', 'body'>): Promise<boolean> =>
  runReported(() => call('answerPrompt', { params: { id }, body }));
