import { expect, onTestFinished, test, vi } from 'vitest';
import { createPausableTimeout } from '../../../../../server/conversation/turn/pausable-timeout.ts';

function startTimeout(ms: number) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const onEnd = vi.fn();
  return { onEnd, timeout: createPausableTimeout(ms, onEnd) };
}

test('time does not pass until each signal that paused it is aborted', async () => {
  const { onEnd, timeout } = startTimeout(1000);
  const [first, second] = [new AbortController(), new AbortController()];
  timeout.pauseUntil(first.signal);
  timeout.pauseUntil(second.signal);
  await vi.advanceTimersByTimeAsync(5000);
  first.abort();
  await vi.advanceTimersByTimeAsync(5000);
  expect(onEnd).not.toHaveBeenCalled();
  second.abort();
  await vi.advanceTimersByTimeAsync(1100);
  expect(onEnd).toHaveBeenCalledOnce();
});

test('a signal that is aborted already pauses nothing', async () => {
  const { onEnd, timeout } = startTimeout(1000);
  timeout.pauseUntil(AbortSignal.abort());
  await vi.advanceTimersByTimeAsync(1100);
  expect(onEnd).toHaveBeenCalledOnce();
});

test('a signal that is aborted after the disposal starts no timer', async () => {
  const { onEnd, timeout } = startTimeout(1000);
  const pausing = new AbortController();
  timeout.pauseUntil(pausing.signal);
  timeout.dispose();
  pausing.abort();
  await vi.advanceTimersByTimeAsync(5000);
  expect(onEnd).not.toHaveBeenCalled();
});
