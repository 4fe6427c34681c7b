"""Draws pages with known text, damages them, and writes them as `bench/accuracy` reads them: `python3 bench/drawn FOLDER`.

Every page is the same on every run. A page is named by its kind, its damage and its resolution.
"""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from drawn.damage import DAMAGES  # noqa: E402
from drawn.kinds import KINDS  # noqa: E402
from drawn.words import Words  # noqa: E402

DEALT = [('scan', 100), ('scan', 150), ('scan', 300), ('scan', 600), ('photo', 200), ('glare', 200), ('shaken', 200), ('faded', 200),
         ('stained', 200), ('bled', 200), ('squeezed', 200), ('copied', 200), ('grainy', 200), ('faxed', 300)]
# each damage is dealt to three kinds
PAGES = [(kind, damage, dpi) for turn, (damage, dpi) in enumerate(DEALT) for place, kind in enumerate(KINDS)
         if (place - turn) % len(KINDS) in (0, 3, 5)]


def main(folder, seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for index, (kind, damage, dpi) in enumerate(PAGES):
        rng = np.random.default_rng([seed, index])
        write, order = KINDS[kind]
        sheet = write(dpi, Words(rng))
        image = DAMAGES[damage](sheet.image, dpi, rng)
        name = f'{kind}-{damage}-{dpi}'
        stored = (204, 98) if damage == 'faxed' else (dpi, dpi)
        image.save(folder / f'{name}.png', dpi=stored)
        (folder / f'{name}.txt').write_text('\n'.join(sheet.lines) + '\n')
        entries.append({'file': f'{name}.png', 'truth': f'{name}.txt', 'cat': kind, 'order': order, 'damage': f'{damage} {dpi}'})
    (folder / 'manifest.json').write_text(json.dumps(entries, indent=1))


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:]))
