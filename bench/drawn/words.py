"""What is written on the pages: prose from the licences that every Debian carries, and made-up names, goods and sums."""
import pathlib
import re

LICENCES = ['GPL-3', 'Artistic', 'Apache-2.0', 'MPL-2.0', 'GFDL-1.3', 'LGPL-2.1']
FIRST = 'Agnes Benno Clara Dimitri Elena Farid Greta Henrik Ines Jakob Karla Lukas Mirjam Noel Olga Pavel Rosa Stefan'.split()
LAST = 'Abbott Brandt Castillo Dupont Ekstrom Farrow Gallagher Hoffmann Ibsen Jansen Kowalski Lindgren Moreau Novak'.split()
STREETS = 'Mill Lane,Harbour Street,Old Church Road,Station Avenue,Kings Parade,Linden Square,North Quay,Orchard Close'.split(',')
TOWNS = 'Ashford,Bristol,Coventry,Dundee,Exeter,Falmouth,Glasgow,Hereford,Ipswich,Kendal'.split(',')
GOODS = ('Copper pipe 15 mm,Wall bracket,Hex bolts M8,Desk lamp,Printer paper A4,Garden hose,Paint roller,LED bulb 9 W,'
         'Extension cable 5 m,Coffee filter,Rye bread,Whole milk 1 L,Basmati rice,Olive oil,Dish soap,Batteries AA,'
         'Notebook ruled,Ball pen blue,Cheddar mature,Tomatoes loose,Orange juice,Safety gloves,Door hinge,Masking tape').split(',')
LABELS = ('Full name,Date of birth,Policy number,Postal address,Telephone,Employer,Department,Account holder,Branch code,'
          'Passport number,Emergency contact,Relationship,Occupation,Vehicle registration').split(',')


def sentences():
    """Gives the sentences of the licences, without lists, addresses and headings."""
    found = []
    for name in LICENCES:
        file = pathlib.Path('/usr/share/common-licenses', name)
        text = file.read_text(errors='ignore') if file.exists() else ''
        for part in re.split(r'\n\s*\n', text):
            for sentence in re.split(r'(?<=[.;]) +', ' '.join(part.split())):
                if 40 < len(sentence) < 400 and re.fullmatch(r"[A-Za-z0-9 ,.;:'()\"-]+", sentence) and sentence[0].isupper():
                    found.append(sentence)
    return found


class Words:
    """Everything by chance, the same for the same seed."""
    prose = sentences()

    def __init__(self, rng):
        self.rng = rng

    def pick(self, things):
        return things[int(self.rng.integers(len(things)))]

    def paragraph(self, letters):
        at = int(self.rng.integers(len(self.prose)))
        text = ''
        while len(text) < letters:
            text += f'{self.prose[at % len(self.prose)]} '
            at += 1
        return text.strip()

    def digits(self, count):
        return ''.join(str(self.rng.integers(10)) for _ in range(count))

    def date(self):
        return f'{self.rng.integers(1, 29):02}.{self.rng.integers(1, 13):02}.{self.rng.integers(1987, 2026)}'

    def cents(self, most=20000):
        return int(self.rng.integers(45, most))

    def name(self):
        return f'{self.pick(FIRST)} {self.pick(LAST)}'

    def street(self):
        return f'{self.rng.integers(1, 240)} {self.pick(STREETS)}'

    def town(self):
        return f'{self.pick(TOWNS)} {self.pick("ABCDEFGH")}{self.pick("KLMNP")}{self.digits(1)} {self.digits(1)}{self.pick("RSTW")}{self.pick("XYZ")}'


def money(cents):
    return f'{cents // 100:,}.{cents % 100:02}'
