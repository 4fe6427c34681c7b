"""Scores text against ground truth, per category: word F (order-free), CER where the page has a reading order, time.

The scores are those of score.py beside the data: words are case-folded and stripped of edge punctuation; CER is the
Levenshtein distance over NFKC text with white space folded, capped at 100 % a page.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict

from PIL import Image
from rapidfuzz.distance import Levenshtein

from accuracy_variants import VARIANTS

UNIFY = str.maketrans({
    '’': "'", '‘': "'", '“': '"', '”': '"', '—': '-', '–': '-', '‐': '-', '‑': '-', '\u00ad': '', 'ﬁ': 'fi', 'ﬂ': 'fl',
    '\f': '\n', '•': '*',
})
UNTXT = os.environ['UNTXT_BIN']


def fold(text):
    text = unicodedata.normalize('NFKC', text).translate(UNIFY)
    text = re.sub(r'(\w)-[ \t]*\n\s*(\w)', r'\1\2', text).replace('--', '-')
    return re.sub(r'\s+', ' ', text).strip()


def words(text):
    return Counter(word for word in (re.sub(r'^\W+|\W+$', '', part) for part in fold(text).lower().split()) if word)


def score(page, truth, text):
    want, got = words(truth), words(text)
    row = Counter(hit=(want & got).total(), want=want.total(), got=got.total(), pages=1)
    if page['order'] in ('flow', 'lines'):
        a, b = fold(truth), fold(text)
        if page['cat'] == 'sroie':
            a, b = a.lower(), b.lower()
        row.update(ce=min(Levenshtein.distance(a, b), len(a)), cn=len(a))
    return row


def f_score(row):
    return 200 * row['hit'] / max(1, row['want'] + row['got'])


def cer(row):
    return 100 * row['ce'] / row['cn'] if row['cn'] else None


# Who takes part: each reads a list of files and gives their texts.

def read_untxt(paths, languages='eng'):
    """Gives the text of each file, and its words as (text, confidence)."""
    with tempfile.TemporaryDirectory() as folder:
        # names that differ, whatever the folders were
        inputs = pathlib.Path(folder, 'in')
        inputs.mkdir()
        for index, path in enumerate(paths):
            (inputs / f'{index:05}{path.suffix}').symlink_to(path.resolve())
        out = pathlib.Path(folder, 'out')
        subprocess.run([UNTXT, 'ocr', inputs, '-f', 'txt,json', '-o', out, '-q', '--lang', languages, '-j', '2'], check=False)
        texts, confident = [], []
        for index in range(len(paths)):
            text, data = out / f'{index:05}.txt', out / f'{index:05}.json'
            texts.append(text.read_text() if text.exists() else '')
            pages = json.loads(data.read_text())['pages'] if data.exists() else []
            confident.append([(word['text'], word['conf']) for page in pages for word in page.get('words', [])])
        return texts, confident


def read_tesseract(paths, *options):
    run = lambda path: subprocess.run(['tesseract', path, '-', '-l', 'eng', *options], capture_output=True, text=True, check=False)
    return [run(path).stdout for path in paths]


def read_rapidocr(paths):
    import logging
    from rapidocr import RapidOCR
    logging.disable(logging.INFO)
    engine = RapidOCR()
    texts = []
    for path in paths:
        with tempfile.NamedTemporaryFile(suffix='.png') as png:
            Image.open(path).convert('RGB').save(png.name)
            found = engine(png.name)
        texts.append('\n'.join(found.txts or ()))
    return texts


def measured(read, *args):
    """Gives the result with the CPU seconds of this process and its children."""
    used = lambda: sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    before = used()
    result = read(*args)
    return result, used() - before


def tabulate(pages, truths, texts, key='cat'):
    rows = defaultdict(Counter)
    for page, truth, text in zip(pages, truths, texts):
        row = score(page, truth, text)
        rows[page[key]].update(row)
        rows['all'].update(row)
    return rows


def calibration(truths, confident):
    """Expected calibration error over ten bins: a word is right when the truth has it and no better one took its place."""
    bins = defaultdict(lambda: [0, 0.0, 0])
    for truth, found in zip(truths, confident):
        left = words(truth)
        for text, confidence in sorted(found, key=lambda word: -word[1]):
            for word in words(text).elements():
                right = left[word] > 0
                left[word] -= right
                entry = bins[min(9, int(confidence * 10))]
                entry[0] += 1
                entry[1] += confidence
                entry[2] += right
    total = sum(entry[0] for entry in bins.values())
    error = sum(abs(entry[1] - entry[2]) for entry in bins.values()) / max(1, total)
    return 100 * error, [(index, n, said / n, right / n) for index, (n, said, right) in sorted(bins.items())]


class Report:
    def __init__(self):
        self.lines = []

    def line(self, text=''):
        print(text, flush=True)
        self.lines.append(text)

    def row(self, *cells):
        self.line('| ' + ' | '.join(str(cell) for cell in cells) + ' |')

    def head(self, *cells):
        self.row(*cells)
        self.line('|' + '---|' * len(cells))


def compare(report, pages, truths, paths, with_peers):
    contestants = [('untxt ocr', measured(read_untxt, paths))]
    if with_peers:
        contestants += [
            ('tesseract --psm 3', measured(read_tesseract, paths)),
            ('tesseract --psm 4', measured(read_tesseract, paths, '--psm', '4')),
            ('tesseract --psm 6', measured(read_tesseract, paths, '--psm', '6')),
            ('RapidOCR', measured(read_rapidocr, paths)),
        ]
    categories = sorted({page['cat'] for page in pages})
    report.head('word F', *categories, 'all', 'CER', 'CPU s/page')
    for name, (result, seconds) in contestants:
        texts = result[0] if name == 'untxt ocr' else result
        rows = tabulate(pages, truths, texts)
        cells = [f"{f_score(rows[category]):.1f}" for category in [*categories, 'all']]
        report.row(name, *cells, f"{cer(rows['all']):.1f}", f'{seconds / len(paths):.2f}')
    if all('damage' in page for page in pages):
        damages = list(dict.fromkeys(page['damage'] for page in pages))
        report.line()
        report.head('word F', *damages)
        for name, (result, _) in contestants:
            rows = tabulate(pages, truths, result[0] if name == 'untxt ocr' else result, 'damage')
            report.row(name, *[f'{f_score(rows[damage]):.1f}' for damage in damages])
    error, bins = calibration(truths, contestants[0][1][0][1])
    report.line()
    report.line(f'Expected calibration error of the words\' confidence, ten bins: {error:.1f} %')
    report.line()
    report.head('said', 'words', 'mean said', 'right')
    for index, count, said, right in bins:
        report.row(f'{index * 10}-{index * 10 + 10} %', count, f'{100 * said:.1f} %', f'{100 * right:.1f} %')
    return tabulate(pages, truths, contestants[0][1][0][0])


def compare_variants(report, pages, truths, paths, untouched):
    report.line()
    report.line('Every page damaged on purpose, read by `untxt ocr`; difference in word F to the untouched page:')
    report.line()
    categories = sorted({page['cat'] for page in pages})
    report.head('variant', *categories, 'all')
    report.row('untouched', *[f'{f_score(untouched[category]):.1f}' for category in [*categories, 'all']])
    for name, damage in VARIANTS.items():
        with tempfile.TemporaryDirectory() as folder:
            damaged = []
            for index, path in enumerate(paths):
                out = pathlib.Path(folder, f'{index:05}.png')
                page = Image.open(path)
                dpi = page.info.get('dpi')
                page = damage(page.convert('L'))
                page.save(out, **({'dpi': dpi} if dpi and not name.endswith('dpi') else {}))
                damaged.append(out)
            rows = tabulate(pages, truths, read_untxt(damaged)[0])
        report.row(name, *[f'{f_score(rows[c]) - f_score(untouched[c]):+.1f}' for c in [*categories, 'all']])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('data', type=pathlib.Path)
    parser.add_argument('--variants', action='store_true')
    parser.add_argument('--without-peers', action='store_true')
    parser.add_argument('--markdown', type=pathlib.Path)
    args = parser.parse_args()
    pages = [page for page in json.loads((args.data / 'manifest.json').read_text()) if page.get('truth')]
    if not pages:
        sys.exit(f'{args.data} has no pages with ground truth')
    truths = [(args.data / page['truth']).read_text(errors='replace') for page in pages]
    paths = [args.data / page['file'] for page in pages]
    report = Report()
    version = lambda program: subprocess.run([program, '--version'], capture_output=True, text=True, check=True).stdout.split('\n')[0]
    report.line(f"{len(pages)} pages, {version(UNTXT)}, {version('tesseract')}, model eng; {time.strftime('%Y-%m-%d')}")
    report.line()
    untouched = compare(report, pages, truths, paths, not args.without_peers)
    if args.variants:
        compare_variants(report, pages, truths, paths, untouched)
    if args.markdown:
        args.markdown.write_text('\n'.join(report.lines) + '\n')


if __name__ == '__main__':
    main()
