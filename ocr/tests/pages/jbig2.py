"""A small encoder of JBIG2 (ITU-T T.88): generic regions and symbols, both by arithmetic coding, and MMR."""
import struct

# state of the arithmetic coder (table E.1): probability, next when likely, next when not, whether the likely bit changes
STATES = [
    (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0), (0x0521, 5, 29, 0), (0x0221, 38, 33, 0),
    (0x5601, 7, 6, 1), (0x5401, 8, 14, 0), (0x4801, 9, 14, 0), (0x3801, 10, 14, 0), (0x3001, 11, 17, 0),
    (0x2401, 12, 18, 0), (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1), (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0), (0x4801, 18, 16, 0), (0x3801, 19, 17, 0), (0x3401, 20, 18, 0), (0x3001, 21, 19, 0),
    (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0), (0x1C01, 25, 22, 0), (0x1801, 26, 23, 0),
    (0x1601, 27, 24, 0), (0x1401, 28, 25, 0), (0x1201, 29, 26, 0), (0x1101, 30, 27, 0), (0x0AC1, 31, 28, 0),
    (0x09C1, 32, 29, 0), (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0), (0x02A1, 36, 33, 0),
    (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0), (0x0049, 41, 38, 0),
    (0x0025, 42, 39, 0), (0x0015, 43, 40, 0), (0x0009, 44, 41, 0), (0x0005, 45, 42, 0), (0x0001, 45, 43, 0),
    (0x5601, 46, 46, 0)]
# prefix, its length, bits of the value, what is taken off it (table A.1)
RANGES = [(4, 0b0, 1, 2, 0), (20, 0b10, 2, 4, 4), (84, 0b110, 3, 6, 20), (340, 0b1110, 4, 8, 84),
          (4436, 0b11110, 5, 12, 340), (1 << 32, 0b11111, 5, 32, 4436)]
NEIGHBOURS = bytes([3, 0xFF, 0xFD, 0xFF, 2, 0xFE, 0xFE, 0xFE])


class Coder:
    """The arithmetic coder (annex E), with contexts by name."""

    def __init__(self):
        self.code, self.interval, self.shifts = 0, 0x8000, 12
        self.bytes, self.contexts = bytearray([0]), {}

    def bit(self, context, bit):
        state, likely = self.contexts.get(context, (0, 0))
        size, if_likely, if_not, changes = STATES[state]
        self.interval -= size
        is_likely = bit == likely
        if is_likely == (self.interval < size):
            self.interval = size
        else:
            self.code += size
        if is_likely and self.interval & 0x8000:
            return
        self.contexts[context] = (if_likely, likely) if is_likely else (if_not, likely ^ changes)
        while not self.interval & 0x8000:
            self.interval, self.code, self.shifts = self.interval << 1, self.code << 1, self.shifts - 1
            if self.shifts == 0:
                self.put()

    def put(self):
        if self.bytes[-1] != 0xFF and self.code >= 0x8000000:
            self.bytes[-1] += 1
            self.code &= 0x7FFFFFF
        shift, self.shifts = (20, 7) if self.bytes[-1] == 0xFF else (19, 8)
        self.bytes.append(self.code >> shift & 0xFF)
        self.code &= (1 << shift) - 1

    def number(self, name, value):
        """Codes a number, or with None the end of a list (annex A)."""
        bits = [1 if value is None or value < 0 else 0]
        size = abs(value or 0)
        prefix, length, count, base = next(r[1:] for r in RANGES if size < r[0])
        bits += [prefix >> at & 1 for at in reversed(range(length))] + [size - base >> at & 1 for at in reversed(range(count))]
        seen = 1
        for bit in bits:
            self.bit((name, seen), bit)
            seen = seen << 1 | bit if seen < 256 else (seen << 1 | bit) & 511 | 256

    def symbol(self, number, bits):
        seen = 1
        for at in reversed(range(bits)):
            self.bit(("IAID", seen), number >> at & 1)
            seen = seen << 1 | number >> at & 1

    def picture(self, rows):
        """Codes rows of 0 and 1 by their neighbours (6.2, template 0)."""
        width = len(rows[0])
        blank = [0] * (width + 8)
        above, upper = blank, blank
        for row in rows:
            padded = [0] * 4 + list(row) + [0] * 4
            for x in range(4, width + 4):
                seen = (*upper[x - 2:x + 3], *above[x - 3:x + 4], *padded[x - 4:x])
                self.bit(seen, padded[x])
            upper, above = above, padded

    def end(self):
        top = self.code + self.interval
        self.code |= 0xFFFF
        self.code -= 0x8000 if self.code >= top else 0
        for _ in range(2):
            self.code <<= self.shifts
            self.put()
        if self.bytes[-1] != 0xFF:
            self.bytes.append(0xFF)
        return bytes(self.bytes[1:]) + b"\xAC"


def segment(number, kind, data, page=1, refers=()):
    return struct.pack(">IBB", number, kind, len(refers) << 5) + bytes(refers) + struct.pack(">BI", page, len(data)) + data


def page_start(number, width, height):
    return segment(number, 48, struct.pack(">IIIIBH", width, height, 0, 0, 0, 0))


def region(width, height):
    return struct.pack(">IIIIB", width, height, 0, 0, 0)


def generic(rows):
    """A page that is one region, coded bit by bit."""
    coder = Coder()
    coder.picture(rows)
    width, height = len(rows[0]), len(rows)
    return page_start(0, width, height) + segment(1, 38, region(width, height) + b"\0" + NEIGHBOURS + coder.end())


def mmr(fax, width, height):
    """The same from the code of a fax (group 4), in which ink is black."""
    return page_start(0, width, height) + segment(1, 38, region(width, height) + b"\1" + fax)


def components(rows):
    """Finds the pieces of ink: left, top, rows of bits."""
    ink = {(x, y) for y, row in enumerate(rows) for x, bit in enumerate(row) if bit}
    found = []
    while ink:
        open_, piece = [min(ink)], set()
        ink.discard(open_[0])
        while open_:
            x, y = open_.pop()
            piece.add((x, y))
            near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & ink
            ink -= near
            open_.extend(near)
        left, top = min(x for x, _ in piece), min(y for _, y in piece)
        right, bottom = max(x for x, _ in piece), max(y for _, y in piece)
        bits = tuple(tuple(int((x, y) in piece) for x in range(left, right + 1)) for y in range(top, bottom + 1))
        found.append((left, top, bits))
    return found


def symbols(rows):
    """A page that is set with letters, and the letters, which other pages may share (6.4, 6.5)."""
    pieces = components(rows)
    letters = sorted({bits for _, _, bits in pieces}, key=lambda bits: (len(bits), len(bits[0])))
    coder, height, width = Coder(), 0, 0
    for at, bits in enumerate(letters):
        if len(bits) != height:
            if at:
                coder.number("IADW", None)
            coder.number("IADH", len(bits) - height)
            height, width = len(bits), 0
        coder.number("IADW", len(bits[0]) - width)
        width = len(bits[0])
        coder.picture(bits)
    coder.number("IADW", None)
    coder.number("IAEX", 0)
    coder.number("IAEX", len(letters))
    head = struct.pack(">H", 0) + NEIGHBOURS + struct.pack(">II", len(letters), len(letters))
    shared = segment(0, 0, head + coder.end(), page=0)
    return place(pieces, letters, len(rows[0]), len(rows)), shared


def place(pieces, letters, width, height):
    coder, numbers = Coder(), {bits: at for at, bits in enumerate(letters)}
    code_length = max(1, (len(letters) - 1).bit_length())
    coder.number("IADT", 0)
    before, first = 0, 0
    for top in sorted({top for _, top, _ in pieces}):
        coder.number("IADT", top - before)
        before, reached = top, None
        for left, _, bits in sorted(piece for piece in pieces if piece[1] == top):
            if reached is None:
                coder.number("IAFS", left - first)
                first = left
            else:
                coder.number("IADS", left - reached)
            coder.symbol(numbers[bits], code_length)
            reached = left + len(bits[0]) - 1
        coder.number("IADS", None)
    # placed by the corner at the top left
    head = region(width, height) + struct.pack(">HI", 0x0010, len(pieces))
    return page_start(1, width, height) + segment(2, 6, head + coder.end(), refers=(0,))
