import { StrataError } from '../../core/errors';
import { sessionError, type InferenceSession } from './runtime';

type Ran = Awaited<ReturnType<InferenceSession['run']>>;

/**
 * One run of a session, whose failure has a code, and which ends with `deadline` when nothing comes of it for too long.
 * That is for a graphics device that no longer answers: a run on the CPU holds up this very thread and its timers, and
 * is ended from outside, by whoever waits for the worker.
 * @param deadline In ms.
 * @throws StrataError `run-failed`, `deadline`, `out-of-memory`, `device-lost`.
 */
export async function runSession(
  session: InferenceSession,
  deadline: number,
  feeds: InferenceSession.FeedsType,
  fetches: readonly string[],
  options: InferenceSession.RunOptions = {},
): Promise<Ran> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = deadline / 1000;
      reject(new StrataError('deadline', `The run took longer than ${seconds} seconds.`, { seconds }));
    }, deadline);
  });
  try {
    return await Promise.race([session.run(feeds, fetches, options), late]);
  } catch (cause) {
    throw sessionError(cause, 'run-failed');
  } finally {
    clearTimeout(timer);
  }
}
