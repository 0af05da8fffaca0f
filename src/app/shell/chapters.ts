import type { WordKey } from '../../views/words';

/** The chapters of the page, in the order of the rail; each is a route in the link's fragment. */
export const CHAPTERS = ['fact'] as const;
export type PageChapter = (typeof CHAPTERS)[number];

/** How a chapter stands in the rail. */
export interface ChapterSign {
  readonly id: PageChapter;
  readonly name: WordKey;
  /** Path of an icon of 20 × 20, drawn as a line. */
  readonly icon: string;
}

export const CHAPTER_SIGNS: readonly ChapterSign[] = [
  // One fact, looked at through the layers above it.
  { id: 'fact', name: 'chapter.fact', icon: 'M3 15.5h14M4.5 11.5h11M6 7.5h8M8.5 3.5h3' },
];

export const isChapter = (value: string): value is PageChapter => (CHAPTERS as readonly string[]).includes(value);
