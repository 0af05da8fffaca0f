import { describe, expect, it } from 'vitest';
import { sessionError } from './runtime';

describe('what ONNX Runtime says', () => {
  it('comes with a code, as one line of at most a few hundred plain characters', () => {
    const name = `Add\u0000\u001b[31m_${'x'.repeat(100_000)}`;
    const error = sessionError(new Error(`Non-zero status code returned while running\n${name} node`), 'run-failed');
    expect(error.code).toBe('run-failed');
    expect(error.message).toMatch(/^The run failed: Non-zero status code returned while running Add \[31m_x+…$/);
    expect(error.message.length).toBeLessThan(330);
  });

  it('is understood before it is cut', () => {
    const late = new Error(`${'n'.repeat(1000)}: std::bad_alloc`);
    expect(sessionError(late, 'session-failed').code).toBe('out-of-memory');
    expect(sessionError(new Error('The device was lost'), 'run-failed').code).toBe('device-lost');
  });
});
