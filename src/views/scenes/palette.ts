/** Exported figures stand on paper, whatever the page looks like: the light values of `styles/tokens.css`. */
export const PALETTE = {
  paper: '#ffffff',
  ink: '#18222e',
  mute: '#566270',
  line: '#dedcd3',
  answer: '#a83c12',
  foil: '#5a4799',
  act: '#143f66',
  null: '#6f7680',
  nullBand: '#e7e6e0',
} as const;
