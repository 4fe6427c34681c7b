// Invented pages: words with boxes, and a picture drawn from the same boxes so that the two always fit.

const WIDTH = 1654;
const HEIGHT = 2339;

const PARAGRAPHS = [
  'Harbour Street Clinic',
  'Referral letter, 14 March 2026',
  'Dear colleague, thank you for seeing this patient, who has had a dry cough for about three weeks, mostly at night, without fever and without loss of weight.',
  'The lungs were clear on both sides. Blood pressure was 128 over 76, the pulse regular at 68 beats a minute. No allergies are known. Current medicines: none but an occasional tablet of paracetamol 500 mg.',
  'We would be grateful for a chest film and, if you agree, for a test of how the lungs work. The patient can come on any weekday after four in the afternoon, and asks for a reminder by letter.',
  'Please send your report to the address above. If anything urgent is found, call the practice on extension 214 and ask for the doctor on duty.',
];
const DOCTORS = ['Okafor', 'Lindqvist', 'Brennan', 'Müller', 'Sørensen'];

const paragraphs = (number) => [...PARAGRAPHS, `With kind regards, Dr ${DOCTORS[number % DOCTORS.length]}`];

/** Words of page `number`; always the same ones for the same number. */
export function pageWords(number, isWorse = false) {
  const random = seeded(number);
  const garble = (text, at) => (isWorse && at % 9 === 4 ? text.replace(/[aeo]/g, (c) => ({ a: 'o', e: 'c', o: '0' })[c]) : text);
  const words = [];
  let [x, y, line, block] = [180, 220, 0, 0];
  const size = 34;
  for (const paragraph of paragraphs(number)) {
    for (const clear of paragraph.split(' ')) {
      const text = garble(clear, words.length);
      const width = Math.round(text.length * size * 0.52);
      if (x + width > WIDTH - 180) {
        x = 180;
        y += 58;
        line += 1;
      }
      const low = random() < (isWorse ? 0.2 : 0.04);
      const confidence = low ? 0.35 + 0.3 * random() : 0.9 + 0.09 * random();
      words.push({ text, confidence: round(confidence), box: [x, y - size, x + width, y + 8], line, block, is_doubtful: low });
      x += width + 16;
    }
    x = 180;
    y += 108;
    line += 1;
    block += 1;
  }
  return words;
}

export function pageContent(number, task, isWorse = false) {
  const words = pageWords(number, isWorse);
  const mean = words.reduce((sum, word) => sum + word.confidence, 0) / words.length;
  return {
    page: number,
    task,
    languages: [{ code: isWorse ? 'deu' : 'eng', confidence: 1 }],
    state: 'done',
    width: WIDTH,
    height: HEIGHT,
    dpi: 200,
    rotation_applied: 0,
    mean_confidence: round(mean),
    words,
    text: paragraphs(number).join('\n\n'),
    engine: 'tesseract 5.3.0',
  };
}

export function pageImage(number) {
  const texts = pageWords(number).map(
    ({ text, box: [left, , right, bottom] }) =>
      `<text x="${left}" y="${bottom - 8}" textLength="${right - left}" lengthAdjust="spacingAndGlyphs">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
<rect width="100%" height="100%" fill="#fbfaf6"/><g font-family="Liberation Serif, serif" font-size="34" fill="#222">${texts.join('')}</g></svg>`;
}

const round = (value) => Math.round(value * 1000) / 1000;

function seeded(seed) {
  let state = seed * 2654435761;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
