/** Why a zip archive is refused: `details.archive` of `invalid-request`. The words are `models.error.archive.…`. */
export const ARCHIVE_FAULTS = [
  'not-zip',
  'damaged',
  'encrypted',
  'unsafe-name',
  'compression',
  'too-many-files',
  'bomb',
  'larger-than-listed',
] as const;

export type ArchiveFault = (typeof ARCHIVE_FAULTS)[number];
