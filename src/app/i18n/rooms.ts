/** Whose words the figures need. */
export const FIGURE_ROOMS = ['lens', 'emergence', 'attention', 'heads', 'continuation'] as const;
