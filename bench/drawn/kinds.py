"""Kinds of pages that people have: each takes a resolution and a source of words, and gives a written sheet."""
from .sheet import A4, Sheet
from .words import GOODS, LABELS, TOWNS, money

SERIF = ['NimbusRoman-Regular', 'C059-Roman', 'P052-Roman', 'URWBookman-Light', 'LiberationSerif-Regular']
SANS = ['NimbusSans-Regular', 'LiberationSans-Regular', 'DejaVuSans', 'URWGothic-Book']
MONO = ['LiberationMono-Regular', 'NimbusMonoPS-Bold', 'DejaVuSansMono']
BOLD = ['NimbusSans-Bold', 'LiberationSans-Bold', 'DejaVuSans-Bold', 'NimbusRoman-Bold']


def letter(dpi, words):
    sheet, font = Sheet(A4, dpi), words.pick(SERIF)
    sheet.write(70, 50, f'{words.name()} & Partners', words.pick(BOLD), 17)
    sheet.write(70, 72, f'{words.street()}, {words.town()}, Telephone {words.digits(5)} {words.digits(6)}', words.pick(SANS), 7.5)
    sheet.rule(70, 86, 525, 86)
    for line, text in enumerate([words.name(), words.street(), words.town()]):
        sheet.write(70, 120 + 15 * line, text, font, 11)
    sheet.write(525, 190, words.date(), font, 11, align='right')
    sheet.write(70, 220, f'Your reference {words.digits(4)}/{words.digits(3)}-{words.pick("ABCX")}', words.pick(BOLD), 11)
    y = 250
    for _ in range(5):
        y = sheet.flow(70, y, 455, words.paragraph(380), font, 11) + 8
    sheet.write(70, y + 8, 'Yours sincerely,', font, 11)
    sheet.write(70, y + 50, words.name(), font, 11)
    return sheet


def invoice(dpi, words):
    sheet, font, bold = Sheet(A4, dpi), words.pick(SANS), words.pick(BOLD)
    sheet.write(60, 50, 'INVOICE', bold, 24)
    for line, (label, value) in enumerate([('Invoice no.', words.digits(7)), ('Date', words.date()), ('Customer', words.digits(5))]):
        sheet.write(360, 54 + 14 * line, label, font, 9)
        sheet.write(535, 54 + 14 * line, value, font, 9, align='right')
    for line, text in enumerate([words.name(), words.street(), words.town()]):
        sheet.write(60, 120 + 13 * line, text, font, 10)
    columns = [60, 110, 330, 380, 460, 535]
    y = 190
    sheet.fill(60, y, 535, y + 20, 30)
    for x, text in zip(columns, ['Item', 'Description', 'Qty', 'Price', 'Amount']):
        sheet.write(x + 4, y + 5, text, bold, 9, ink=255)
    total, top = 0, y
    for item in range(int(words.rng.integers(12, 20))):
        y += 20
        count, price = int(words.rng.integers(1, 60)), words.cents()
        total += count * price
        sheet.write(columns[0] + 4, y + 5, words.digits(5), font, 9)
        sheet.write(columns[1] + 4, y + 5, words.pick(GOODS), font, 9)
        for x, text in zip(columns[3:], [str(count), money(price), money(count * price)]):
            sheet.write(x - 4, y + 5, text, font, 9, align='right')
        sheet.rule(60, y, 535, y, 0.5)
    for x in columns:
        sheet.rule(x, top, x, y + 20, 0.5)
    sheet.rule(60, y + 20, 535, y + 20)
    sheet.write(380, y + 30, 'Total due', bold, 11)
    sheet.write(531, y + 30, f'{money(total)} EUR', bold, 11, align='right')
    sheet.flow(60, y + 70, 475, words.paragraph(250), font, 8)
    return sheet


def form(dpi, words):
    sheet, font, bold, typed = Sheet(A4, dpi), words.pick(SANS), words.pick(BOLD), words.pick(MONO)
    sheet.write(297, 40, 'APPLICATION FOR INSURANCE', bold, 15, align='middle')
    sheet.write(297, 60, f'Form {words.digits(3)}-{words.pick("ABC")} (Rev. {words.digits(2)})', font, 7, align='middle')
    y = 90
    values = [words.name, words.date, lambda: f'{words.digits(3)}-{words.digits(6)}', words.street, lambda: words.digits(9), words.town]
    for row in range(11):
        cuts = [50, *sorted(50 + 45 * int(at) for at in words.rng.choice(range(3, 9), row % 3, replace=False)), 545]
        for left, right in zip(cuts, cuts[1:]):
            sheet.box(left, y, right, y + 36, 0.8)
            sheet.write(left + 3, y + 2, f'{row + 1}. {words.pick(LABELS)}', font, 7)
            fitting = [v for v in (words.pick(values)() for _ in range(8)) if sheet.width(v, typed, 11) < right - left - 10]
            if fitting:
                sheet.write(left + 8, y + 15, fitting[0], typed, 11)
        y += 36
    for text in ['Smoker', 'Married', 'Resident', 'Self-employed']:
        y += 18
        sheet.box(56, y, 65, y + 9)
        sheet.write(72, y - 1, text, font, 9)
        sheet.box(160, y, 169, y + 9)
        sheet.write(176, y - 1, 'No', font, 9)
    y = sheet.flow(50, y + 30, 495, words.paragraph(350), font, 7.5)
    sheet.rule(50, y + 50, 250, y + 50)
    sheet.write(50, y + 53, 'Signature of applicant', font, 7)
    return sheet


def receipt(dpi, words):
    rows = int(words.rng.integers(9, 18))
    width, mono = 164, words.pick(MONO)
    sheet = Sheet((width, 190 + 11 * rows), dpi)
    pt, right = 7.6, width - 12
    for line, text in enumerate([f'{words.name()} Ltd'.upper(), words.street(), words.town(), f'VAT {words.digits(9)}']):
        sheet.write(width / 2, 14 + 11 * line, text, mono, pt, align='middle')
    sheet.write(12, 64, words.date(), mono, pt)
    sheet.write(right, 64, f'{words.rng.integers(8, 22):02}:{words.rng.integers(60):02}', mono, pt, align='right')
    y, total = 82, 0
    sheet.write(12, y - 6, '-' * int((right - 12) / sheet.width('-', mono, pt)), mono, pt)
    for _ in range(rows):
        y += 11
        price = words.cents(4000)
        total += price
        sheet.write(12, y, words.pick(GOODS)[:18], mono, pt)
        sheet.write(right, y, money(price), mono, pt, align='right')
    sheet.write(12, y + 18, 'TOTAL', mono, 11)
    sheet.write(right, y + 18, money(total), mono, 11, align='right')
    sheet.write(12, y + 36, 'CASH', mono, pt)
    sheet.write(right, y + 36, money(total + 500), mono, pt, align='right')
    sheet.write(12, y + 47, 'CHANGE', mono, pt)
    sheet.write(right, y + 47, '5.00', mono, pt, align='right')
    sheet.write(width / 2, y + 66, f'Receipt {words.digits(4)} Till {words.digits(2)}', mono, pt, align='middle')
    sheet.write(width / 2, y + 80, 'THANK YOU', mono, pt, align='middle')
    return sheet


def article(dpi, words):
    sheet, font, bold = Sheet(A4, dpi), words.pick(SERIF), words.pick(BOLD)
    sheet.write(297, 50, f'On the {words.pick(GOODS)} of {words.pick(TOWNS)}', bold, 18, align='middle')
    sheet.write(297, 78, f'{words.name()} and {words.name()}', font, 11, align='middle')
    for x in (55, 307):
        y = 110
        while y < 730:
            sheet.write(x, y, f'{words.rng.integers(1, 9)}  {words.pick(LABELS)}', bold, 10.5)
            y = sheet.flow(x, y + 16, 233, words.paragraph(620), font, 9, 1.2) + 8
    sheet.write(297, 810, str(words.rng.integers(100, 900)), font, 9, align='middle')
    return sheet


def report(dpi, words):
    """A listing from a nine-needle printer on striped paper."""
    sheet = Sheet(A4, dpi)
    for stripe in range(0, 842, 48):
        sheet.fill(0, stripe, 595, stripe + 24, 225)
    gap = float(words.rng.uniform(0.02, 0.12))
    y = 40
    sheet.write_dots(50, y, f'STOCK REPORT  {words.date()}  PAGE {words.digits(1)}', 7.2, gap)
    for _ in range(38):
        y += 18
        sheet.write_dots(50, y, f'{words.digits(6)}  {words.pick(GOODS):22}{words.rng.integers(1, 900):6}{money(words.cents()):>12}', 7.2, gap)
    return sheet


def poster(dpi, words):
    """White on black bars beside black on white, print of many sizes."""
    sheet, bold, font = Sheet(A4, dpi), words.pick(BOLD), words.pick(SANS)
    sheet.fill(0, 0, 595, 120, 15)
    sheet.write(297, 35, words.pick(GOODS).upper(), bold, 34, ink=255, align='middle')
    sheet.write(297, 85, f'{words.street()}, {words.pick(TOWNS)}', font, 13, ink=255, align='middle')
    y = 150
    for part in range(4):
        sheet.fill(50, y, 545, y + 26, 15 if part % 2 else 90)
        sheet.write(60, y + 6, words.pick(LABELS).upper(), bold, 12, ink=255)
        y = sheet.flow(60, y + 36, 475, words.paragraph(330), font, 10) + 14
    sheet.fill(50, y, 545, y + 90, 0)
    sheet.flow(60, y + 10, 475, words.paragraph(230), font, 10, ink=255)
    return sheet


def spread(dpi, words):
    """Two pages of an open book."""
    sheet, font = Sheet((842, 595), dpi), words.pick(SERIF)
    for page, x in enumerate((50, 471)):
        sheet.write(x + 160, 30, words.pick(LABELS).upper(), font, 8, align='middle')
        y = 55
        while y < 500:
            y = sheet.flow(x, y, 320, words.paragraph(500), font, 10.5, 1.25)
        sheet.write(x + 160, 565, str(20 + page), font, 9, align='middle')
    return sheet


# kind: (how to write it, whether the page has a reading order)
KINDS = {
    'letter': (letter, 'flow'), 'invoice': (invoice, 'none'), 'form': (form, 'none'), 'receipt': (receipt, 'lines'),
    'article': (article, 'flow'), 'report': (report, 'lines'), 'poster': (poster, 'flow'), 'spread': (spread, 'flow'),
}
