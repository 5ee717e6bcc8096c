"""A strict bencode decoder: rejects input that a lenient client would accept."""


class BencodeError(ValueError):
    pass


def decode(data):
    """The value that `data` holds: int, bytes, list or dict with bytes for keys."""
    value, end = _value(data, 0)
    if end != len(data):
        raise BencodeError(f"{len(data) - end} trailing bytes: {data[end:][:40]!r}")
    return value


def _value(data, at):
    kind = data[at : at + 1]
    if kind == b"i":
        return _integer(data, at + 1, b"e")
    if kind == b"l":
        return _list(data, at + 1)
    if kind == b"d":
        return _dictionary(data, at + 1)
    return _string(data, at)


def _integer(data, at, terminator):
    end = data.find(terminator, at)
    digits = data[at:end] if end >= 0 else b""
    magnitude = digits[1:] if digits.startswith(b"-") else digits
    if not magnitude.isdigit() or (digits[:1] in b"-0" and digits != b"0" and not _plain(digits)):
        raise BencodeError(f"no integer at byte {at}: {data[at:at + 24]!r}")
    return int(digits), end + 1


def _plain(digits):
    return digits.startswith(b"-") and digits[1:2] != b"0"


def _string(data, at):
    length, start = _integer(data, at, b":")
    if length < 0 or start + length > len(data):
        raise BencodeError(f"a string of {length} bytes at byte {at} does not fit")
    return data[start : start + length], start + length


def _list(data, at):
    items = []
    while data[at : at + 1] != b"e":
        item, at = _value(data, at)
        items.append(item)
    return items, at + 1


def _dictionary(data, at):
    entries, last = {}, None
    while data[at : at + 1] != b"e":
        key, at = _string(data, at)
        if last is not None and key <= last:
            raise BencodeError(f"key {key!r} after {last!r} is not sorted")
        entries[key], at = _value(data, at)
        last = key
    return entries, at + 1
