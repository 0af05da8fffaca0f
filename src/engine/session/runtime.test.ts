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

  it.each([
    'Aborted(OOM). Build with -sASSERTIONS for more info.',
    'failed to allocate a buffer of size 268435456',
    'WebAssembly.Memory.grow(): Maximum memory size exceeded',
    'RangeError: Array buffer allocation failed',
    'Invalid array buffer length',
    'Cannot enlarge memory, requested 4294967296 bytes',
    'std::bad_alloc',
    '3436070408',
    'VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'vkAllocateMemory failed with VK_ERROR_OUT_OF_HOST_MEMORY',
    'D3D12 create committed resource failed with E_OUTOFMEMORY (0x8007000E)',
    'memory access out of bounds',
    'Out of memory',
    'could not allocate memory for the tensor',
  ])('there is no memory: %s', (words) => {
    for (const code of ['session-failed', 'run-failed'] as const) {
      expect(sessionError(new Error(words), code).code).toBe('out-of-memory');
      expect(sessionError(words, code).code).toBe('out-of-memory');
    }
  });

  it('is an address, which some builds throw as a number', () => {
    expect(sessionError(3436070408, 'session-failed').code).toBe('out-of-memory');
    const low = sessionError(5243880, 'session-failed');
    expect([low.code, low.details]).toEqual(['session-failed', {}]);
  });

  it.each([
    'DXGI_ERROR_DEVICE_HUNG (0x887A0006)',
    'DXGI_ERROR_DEVICE_REMOVED',
    'DXGI_ERROR_DEVICE_RESET',
    'vkQueueSubmit failed with VK_ERROR_DEVICE_LOST',
    'A valid external Instance reference no longer exists.',
    'Device is lost',
    'The GPU device was destroyed',
    'GPU process crashed',
    'Failed to execute mapAsync: Instance dropped.',
  ])('the graphics device is gone: %s', (words) => {
    expect(sessionError(new Error(words), 'run-failed').code).toBe('device-lost');
  });

  it.each([
    'no implementation for Pow(15)',
    'This is an invalid model. In Node, ("roomy", Mul, "", -1)',
    'Load model failed: node Room_12 has 3 outputs',
    '[ShapeInferenceError] Dimension 4294967296 is not what was expected',
  ])('the file is at fault: %s', (words) => {
    const error = sessionError(new Error(words), 'session-failed');
    expect([error.code, error.details['said']]).toEqual(['session-failed', words]);
  });
});
