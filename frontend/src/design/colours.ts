import { colours } from '../words/en/acts';

/** What folders and tags are marked with. Each has 3:1 against both papers, by day and by night; none is told by colour alone. */
export const COLOURS = ['#7b8087', '#cf5148', '#bf6a1f', '#a37c12', '#3c8f61', '#1f8b90', '#4a7fd0', '#8d66c6', '#bf5a90'] as const;

/** What a colour is called; one that was chosen elsewhere is called by its number. */
export const nameOf = (colour: string) => colours[COLOURS.findIndex((known) => known === colour)] ?? colour;
