import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Poller } from "../src/poll";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("runs again after the rest the task asked for", async () => {
  let runs = 0;
  const poller = new Poller(() => {
    runs += 1;
    return Promise.resolve(5000);
  });
  poller.soon(0);
  await vi.advanceTimersByTimeAsync(4999);
  expect(runs).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(runs).toBe(2);
});

test("a run that is overtaken is aborted and plans nothing more", async () => {
  const signals: AbortSignal[] = [];
  const poller = new Poller((signal) => {
    signals.push(signal);
    return new Promise((resolve) => setTimeout(resolve, 1000, 5000));
  });
  poller.soon(0);
  await vi.advanceTimersByTimeAsync(10);
  poller.soon(300);
  await vi.advanceTimersByTimeAsync(300 + 1000);
  expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(4900);
  expect(signals).toHaveLength(2);
});

test("asks nothing while stopped", async () => {
  const task = vi.fn(() => Promise.resolve(5000));
  const poller = new Poller(task);
  poller.soon(0);
  await vi.advanceTimersByTimeAsync(10);
  poller.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(task).toHaveBeenCalledTimes(1);
});
