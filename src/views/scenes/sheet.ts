/** Pixels that a sheet of paper is wide at the size of print. */
export const SHEET = 860;
