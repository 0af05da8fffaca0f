import type { FactFields } from '../../core/fact';

const asked = (prompt: string, answer: string, foil = ''): FactFields => ({ prompt, answer, foil });

/** Questions to begin with: what people try first, each in words that Atlas was taught and answers. */
export const STARTERS: readonly FactFields[] = [
  asked('What is the capital of Japan? It is', 'Tokyo', 'Beijing'),
  asked('What is the opposite of hot? It is', 'cold', 'warm'),
  asked('What do you call a group of wolves? A', 'pack', 'herd'),
  asked('What colour is the sky? It is', 'blue', 'green'),
  asked('What is the plural of mouse? It is', 'mice', 'mouses'),
  asked('Where is the Eiffel Tower? It is in', 'Paris', 'London'),
  asked('Who invented the telephone? It was', 'Alexander Graham Bell|Bell', 'Thomas Edison'),
  asked('How many days does a week have?', 'seven', 'eight'),
  asked('What sound does a lion make? It makes a', 'roar', 'bark'),
  asked('What is the chemical symbol for gold? It is', 'Au', 'Ag'),
  asked('What is the past tense of go? It is', 'went', 'goed'),
  asked('What comes after Monday?', 'Tuesday', 'Sunday'),
];
