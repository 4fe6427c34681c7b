"""Fits what a word's confidence means: monotone, piecewise linear, one map for each kind of word.

`fit.py DATA READ [DATA READ]...`: DATA holds pages with ground truth (manifest.json), READ what `untxt ocr -f json` said
about them, one file a page, named by its place in the manifest (00000.json). Each set of pages weighs the same, however
many words it has. The map in ocr/src/confidence.rs that these words went through already is taken back first, so a fit
can follow a fit. Prints the new map, and the expected calibration error on pages that it was not fitted on.
"""
import json
import os
import pathlib
import random
import re
import sys
from collections import defaultdict

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault('UNTXT_BIN', 'untxt')
from accuracy import words  # noqa: E402

SOURCE = HERE.parent.parent / 'ocr/src/confidence.rs'
KNOTS = np.array([0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98])
KINDS = ('LETTERS', 'DIGITS', 'MIXED')
# so that a map can be taken back
LEAST_SLOPE = 0.02
# what a set of pages weighs, in words, and what weight says that a knot is where the engine puts it
WORDS = 10_000
PRIOR = 6.0


def kind(text):
    has_digit, has_letter = any(map(str.isdigit, text)), any(map(str.isalpha, text))
    return KINDS[0] if not has_digit else KINDS[2] if has_letter else KINDS[1]


def maps_of(source):
    """Reads the maps as (raw, said), or the identity where there are none."""
    text = source.read_text() if source.exists() else ''
    maps = {}
    for name in KINDS:
        found = re.search(rf'const {name}: [^=]*= \[(.*?)\];', text, re.S)
        values = [float(value) for value in re.findall(r'[\d.]+', found[1])] if found else KNOTS
        maps[name] = np.array(values)
    return maps


def load(data, read):
    """Gives (category, page, kind, raw confidence, whether it is right, weight) of every word; all weigh 1 together."""
    maps, rows = maps_of(SOURCE), []
    pages = [page for page in json.loads((data / 'manifest.json').read_text()) if page.get('truth')]
    for index, page in enumerate(pages):
        left = words((data / page['truth']).read_text(errors='replace'))
        file = read / f'{index:05}.json'
        said = [word for page in json.loads(file.read_text())['pages'] for word in page.get('words', [])] if file.exists() else []
        for word in sorted(said, key=lambda word: -word['conf']):
            raw = float(np.interp(word['conf'], maps[kind(word['text'])], KNOTS))
            for part in words(word['text']).elements():
                is_right = left[part] > 0
                left[part] -= is_right
                rows.append((page['cat'], index, kind(word['text']), raw, float(is_right)))
    return [(*row, 1 / len(rows)) for row in rows]


def fit(rows, name):
    """Least squares over the heights of the knots, each at least a little above the one before."""
    raw = np.array([row[3] for row in rows if row[2] == name] + list(KNOTS))
    right = np.array([row[4] for row in rows if row[2] == name] + list(KNOTS))
    weight = np.sqrt(np.array([row[5] * WORDS for row in rows if row[2] == name] + [PRIOR] * len(KNOTS)))
    hats = np.stack([np.interp(raw, KNOTS, one) for one in np.eye(len(KNOTS))], axis=1)
    # steps from knot to knot, which may not be negative
    steps = np.tril(np.ones((len(KNOTS), len(KNOTS))))
    matrix = (hats @ steps) * weight[:, None]
    least = np.concatenate([[0.005], LEAST_SLOPE * np.diff(KNOTS)])
    found = np.concatenate([[0.0], np.diff(KNOTS)]) + least
    length = 1.0 / np.linalg.norm(matrix, 2) ** 2
    for _ in range(20_000):
        found = np.maximum(least, found - length * (matrix.T @ (matrix @ found - right * weight)))
    return np.round(np.minimum(np.cumsum(found), 0.995 + KNOTS / 250), 3)


def fit_all(rows):
    """Fits every map. What has digits is never believed more than a word: no dictionary stands behind it."""
    maps = {name: fit(rows, name) for name in KINDS}
    for name in KINDS[1:]:
        maps[name] = np.minimum(maps[name], maps['LETTERS'])
    return maps


def error(said, right):
    """Gives the expected calibration error in ten bins, in percent, and what is in them."""
    bins = defaultdict(lambda: [0, 0.0, 0.0])
    for confidence, is_right in zip(said, right):
        entry = bins[min(9, int(confidence * 10))]
        entry[0] += 1
        entry[1] += confidence
        entry[2] += is_right
    return 100 * sum(abs(said - right) for _, said, right in bins.values()) / max(1, len(said)), bins


def apply(maps, rows):
    return [float(np.interp(row[3], KNOTS, maps[row[2]])) for row in rows]


def judge(maps, rows):
    """Gives the error over all words, and in each category."""
    said = apply(maps, rows)
    result = {'all': error(said, [row[4] for row in rows])[0]}
    for category in sorted({row[0] for row in rows}):
        chosen = [(value, row[4]) for value, row in zip(said, rows) if row[0] == category]
        result[category] = error(*zip(*chosen))[0]
    return result


def halves(rows, rounds=10):
    """Fits on half of the pages of each category and judges on the rest, over and over."""
    results = defaultdict(list)
    for seed in range(rounds):
        chance, chosen = random.Random(seed), set()
        for category in {row[0] for row in rows}:
            pages = sorted({row[1] for row in rows if row[0] == category})
            chosen |= set(chance.sample(pages, (len(pages) + seed % 2) // 2))
        maps = fit_all([row for row in rows if row[1] in chosen])
        for category, value in judge(maps, [row for row in rows if row[1] not in chosen]).items():
            results[category].append(value)
    return {category: sum(values) / len(values) for category, values in results.items()}


def show(name, errors):
    print(f'{name:>24}', *(f'{category} {value:.1f}' for category, value in errors.items()))


def describe(rows, maps):
    """Says what the maps, fitted on all sets, do to one of them."""
    show('as the engine says', judge({name: KNOTS for name in KINDS}, rows))
    show('fitted, all sets', judge(maps, rows))
    show('this set, unseen pages', halves(rows))
    bins = error(apply(maps, rows), [row[4] for row in rows])[1]
    for index in sorted(bins):
        count, said, right = bins[index]
        print(f'{index * 10:3}-{index * 10 + 10:3} %: {count:5} words, said {100 * said / count:.1f} %, right {100 * right / count:.1f} %')


def main():
    paths = [pathlib.Path(path) for path in sys.argv[1:]]
    sets = [load(data, read) for data, read in zip(paths[::2], paths[1::2])]
    rows = [row for part in sets for row in part]
    maps = fit_all(rows)
    for name in KINDS:
        print(f'const {name}: [f32; KNOT_COUNT] = [{", ".join(f"{value:.3f}" for value in maps[name])}];',
              f'// {sum(row[2] == name for row in rows)} words')
    for data, part in zip(paths[::2], sets):
        print(f'\n{data}')
        describe(part, maps)


if __name__ == '__main__':
    main()
