import { backendLabel } from '../../core/backend-label';
import type { ErrorRecord } from '../../core/errors';
import type { ModelInfo } from '../../core/model';

/** What a bug report needs, as plain text: code, details, versions, where it ran. Nothing of what was typed. */
export function bugReport(
  error: ErrorRecord,
  page: { readonly model: { readonly session: { readonly info: ModelInfo | undefined } } },
): string {
  const { info } = page.model.session;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['code', error.code],
    ['message', error.message],
    ['details', JSON.stringify(error.details)],
    ['strata', __STRATA_VERSION__],
    ['model', info && `${info.name} (${info.family}, ${info.dtype})`],
    ['runs on', info && backendLabel(info)],
    ['versions', info && JSON.stringify(info.versions)],
    ['isolated', String(crossOriginIsolated)],
    ['browser', navigator.userAgent],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])).join('\n');
}
