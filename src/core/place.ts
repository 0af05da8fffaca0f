/** A head, counted from 0. */
export interface HeadId {
  readonly layer: number;
  readonly head: number;
}

/**
 * One selection for the whole page. A place names what it is about and leaves out the rest: a column of the lens
 * is a position, a row a depth, a cell both; a head is a layer and an index (both from 0).
 */
export interface Place {
  /** Absolute token position in the prompt. */
  readonly position?: number;
  /** Completed layers: 0 = embedding, l after layer l (from 1), l + 0.5 in mid-layer. */
  readonly depth?: number;
  readonly head?: HeadId;
  /** A token of the vocabulary. */
  readonly tokenId?: number;
}

export function samePlace(a: Place, b: Place): boolean {
  return (
    a.position === b.position &&
    a.depth === b.depth &&
    a.tokenId === b.tokenId &&
    a.head?.layer === b.head?.layer &&
    a.head?.head === b.head?.head
  );
}

/** Completed layers where a place is: a head's work is done with its layer. */
export function depthOf(place: Place | undefined): number | undefined {
  return place?.depth ?? (place?.head && place.head.layer + 1);
}

/** The layer (from 0) that a place belongs to; undefined at the embedding, which belongs to none. */
export function layerOf(place: Place | undefined): number | undefined {
  const depth = depthOf(place);
  return depth ? Math.ceil(depth) - 1 : undefined;
}
