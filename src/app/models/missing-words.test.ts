import { afterEach, describe, expect, it } from 'vitest';
import { missingReason } from '../../core/missing-reasons';
import { english as words } from '../i18n/messages';
import { setReaderLocale } from '../../views/locale';
import { missingText } from './missing-words';

describe('why a part is missing', () => {
  const differ = (difference: number) => missingText(missingReason('logits-differ', { difference }), words);
  afterEach(() => setReaderLocale('en'));

  it('has its numbers in the reader’s language', () => {
    expect(differ(0.0834)).toMatch(/differ by 8\.3\u00a0% of their range/);
    const values = () =>
      missingText(missingReason('value-count', { hook: 'ln_final', found: 12_288, expected: 4_096 }), words);
    expect(values()).toContain('has 12,288 values instead of 4,096');
    setReaderLocale('de');
    expect(differ(0.0834)).toMatch(/differ by 8,3\s?% of their range/);
    expect(values()).toContain('has 12.288 values instead of 4.096');
    expect(missingText(missingReason('row-sums', { found: 0.998 }), words)).toContain('0,998');
  });

  it('says so where there is no number', () => {
    expect(differ(Infinity)).toContain('differ by all of their range');
  });
});
