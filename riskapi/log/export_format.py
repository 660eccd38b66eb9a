"""The files of an exported log: which there are, and how one row is written and read."""

import re

FORMAT = "riskapi-log/1"
SUMMARY = "export.json"
LOG = "log.ndjson"
CHECKPOINTS = "checkpoints.ndjson"
BUNDLES = "bundles.ndjson"
LEDGER = "ledger.ndjson"
CONTENTS = "contents.ndjson"
PUBLIC_KEY = "log-key.pub"
SALT_BYTES = 16

# Strict and anchored: the columns come out as they went in, and the body as the very bytes that were hashed.
_ROW = re.compile(
    rb'\{"at":"([^"\\]{1,40})","body":(\{.*\}),"hash":"([0-9a-f]{64})","kind":"([^"\\]{1,40})",'
    rb'"seq":([1-9][0-9]{0,17}),"writer":"([^"\\]{1,80})"\}\n?'
)


def row_line(writer: str, seq: int, at: str, kind: str, body: bytes, *, row_hash: bytes) -> bytes:
    r"""Write a row as one line of JSON, its keys sorted.

    >>> row_line("0", 1, "2026-03-14T09:40:00.000Z", "genesis", b"{}", row_hash=bytes(32))[-40:]
    b',"kind":"genesis","seq":1,"writer":"0"}\n'
    """
    line = b'{"at":"%b","body":%b,"hash":"%b","kind":"%b","seq":%d,"writer":"%b"}\n'
    return line % (at.encode(), body, row_hash.hex().encode(), kind.encode(), seq, writer.encode())


def read_row_line(line: bytes) -> tuple[str, int, str, str, bytes, bytes] | None:
    """Read a row; ``None`` where the line is none.

    >>> read_row_line(row_line("0", 1, "2026-03-14T09:40:00.000Z", "genesis", b'{"a":1}', row_hash=bytes(32)))[:5]
    ('0', 1, '2026-03-14T09:40:00.000Z', 'genesis', b'{"a":1}')
    """
    found = _ROW.fullmatch(line)
    if found is None:
        return None
    at, body, row_hash, kind, seq, writer = found.groups()
    try:
        return writer.decode(), int(seq), at.decode(), kind.decode(), body, bytes.fromhex(row_hash.decode())
    except UnicodeDecodeError:
        return None
