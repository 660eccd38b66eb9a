"""Requests that two parsers could read in two ways, as raw bytes: each hides a second request where it can."""

from collections.abc import Iterator

HIDDEN_PATH = "/health/live"


class Vectors:
    """The vectors against one server.

    Args:
        host: what its clients put into ``Host``.
        key: an API key that scores.
        record: a body that would be answered with 200.
    """

    def __init__(self, host: str, key: str, record: bytes) -> None:
        self.host = host
        self.key = key
        self.record = record
        self.hidden = f"GET {HIDDEN_PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    def post(self, *headers: str | bytes, body: bytes = b"", host: bool = True, first: str = "") -> bytes:
        """A scoring request with the headers as given."""
        lines = [(first or "POST /v1/scores HTTP/1.1").encode()]
        lines += [f"Host: {self.host}".encode()] if host else []
        lines += [b"Authorization: Bearer " + self.key.encode(), b"Content-Type: application/json"]
        lines += [header.encode("latin-1") if isinstance(header, str) else header for header in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def get(self, first: str = f"GET {HIDDEN_PATH} HTTP/1.1", *headers: str, host: bool = True) -> bytes:
        """A request without a body."""
        lines = [first, *([f"Host: {self.host}"] if host else []), *headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    @property
    def length(self) -> str:
        """The header that announces the record."""
        return f"Content-Length: {len(self.record)}"

    def chunked(self, size: str | None = None, after: str = "\r\n", end: bytes = b"0\r\n\r\n") -> bytes:
        """The record in one chunk, its framing as given."""
        return (size or f"{len(self.record):x}").encode() + b"\r\n" + self.record + after.encode() + end

    def refused(self) -> Iterator[tuple[str, bytes]]:
        """Ambiguous or broken: no request in it may be served."""
        yield from self._lengths()
        yield from self._codings()
        yield from self._chunks()
        yield from self._lines()
        yield from self._targets()
        yield from self._sizes()

    def _lengths(self) -> Iterator[tuple[str, bytes]]:
        record, hidden = self.record, self.hidden
        chunks = "Transfer-Encoding: chunked"
        yield "length and chunks", self.post(self.length, chunks, body=self.chunked() + hidden)
        yield "length and chunks, short", self.post("Content-Length: 4", chunks, body=b"0\r\n\r\n" + hidden)
        yield "chunks and length", self.post(chunks, self.length, body=record + hidden)
        yield "two lengths", self.post(self.length, "Content-Length: 0", body=record + hidden)
        yield "two lengths, zero first", self.post("Content-Length: 0", self.length, body=record + hidden)
        yield "two equal lengths", self.post(self.length, self.length, body=record + hidden)
        yield "list of lengths", self.post(f"{self.length}, {len(record)}", body=record + hidden)
        for name, value in {
            "plus": f"+{len(record)}",
            "minus": "-1",
            "hexadecimal": f"0x{len(record):x}",
            "empty": "",
            "word": "many",
            "fraction": f"{len(record)}.0",
            "beyond 64 bits": f"{2**64 + len(record)}",
            "space within": f"{len(record) // 10} {len(record) % 10}",
            "vertical tab": f"\x0b{len(record)}",
        }.items():
            yield f"length: {name}", self.post(f"Content-Length: {value}", body=record + hidden)

    def _codings(self) -> Iterator[tuple[str, bytes]]:
        for coding in (
            "xchunked",
            "identity",
            "chunked, identity",
            "gzip, chunked",
            "chunked, chunked",
            "chunked;q=1",
            "\x0bchunked",
            '"chunked"',
            "",
        ):
            yield f"coding: {coding!r}", self.post(f"Transfer-Encoding: {coding}", body=self.chunked() + self.hidden)
        yield "two codings", self.post(*["Transfer-Encoding: chunked"] * 2, body=self.chunked() + self.hidden)
        yield (
            "coding with a space before the colon",
            self.post("Transfer-Encoding : chunked", body=self.chunked() + self.hidden),
        )
        yield "length with a space before the colon", self.post(self.length.replace(":", " :"), body=self.record)
        yield "folded coding", self.post("Transfer-Encoding:\r\n chunked", body=self.chunked() + self.hidden)
        old = "POST /v1/scores HTTP/1.0"
        yield "chunks in 1.0", self.post("Transfer-Encoding: chunked", first=old, body=self.chunked() + self.hidden)

    def _chunks(self) -> Iterator[tuple[str, bytes]]:
        size = f"{len(self.record):x}"
        for name, body in {
            "hexadecimal prefix": self.chunked(f"0x{size}"),
            "minus": self.chunked(f"-{size}"),
            "plus": self.chunked(f"+{size}"),
            "no digits": self.chunked("xyz"),
            "empty": self.chunked(" "),
            "beyond 64 bits": self.chunked("f" * 17),
            "underscore": self.chunked(f"{size[0]}_{size[1:]}"),
            "space within": self.chunked(f"{size[0]} {size[1:]}"),
            "line feed alone": self.chunked().replace(b"\r\n", b"\n", 1),
            "extension ends with a line feed": self.chunked(f"{size};a=\n"),
            "no line end after the data": self.chunked(after=""),
            "other bytes after the data": self.chunked(after="XX"),
            "line feed after the data": self.chunked(after="\n"),
            "NUL in extension": self.chunked(f"{size};a=\x00"),
        }.items():
            yield f"chunk: {name}", self.post("Transfer-Encoding: chunked", body=body + self.hidden)

    def _lines(self) -> Iterator[tuple[str, bytes]]:
        whole = self.post(self.length, body=self.record)
        yield "line feeds alone", whole.replace(b"\r\n", b"\n")
        yield "carriage returns alone", whole.replace(b"\r\n", b"\r")
        yield "one line feed alone", whole.replace(b"\r\n", b"\n", 1) + self.hidden
        yield "folded header", self.post("X-Note: a\r\n b", self.length, body=self.record + self.hidden)
        yield "first header folded", self.get(f"GET {HIDDEN_PATH} HTTP/1.1\r\n X: y")
        yield "NUL in a header", self.post("X-Note: a\x00b", self.length, body=self.record)
        yield "carriage return in a header", self.post("X-Note: a\rTransfer-Encoding: chunked", self.length)
        yield "NUL in a header's name", self.post("X-No\x00te: a", self.length, body=self.record)
        yield "space in a header's name", self.post("X Note: a", self.length, body=self.record)
        yield "header without a name", self.post(": a", self.length, body=self.record)
        yield "header without a colon", self.post("X-Note", self.length, body=self.record)
        yield "non-ASCII header name", self.post("X-N\xf6te: a", self.length, body=self.record)
        yield "tab in the first line", self.get(f"GET\t{HIDDEN_PATH} HTTP/1.1")
        yield "space in the target", self.get(f"GET {HIDDEN_PATH} x HTTP/1.1")
        yield "lower-case method", self.get(f"get {HIDDEN_PATH} HTTP/1.1")
        yield "unknown method", self.get(f"STEAL {HIDDEN_PATH} HTTP/1.1")
        yield "TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)
        yield "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        for version in ("", " HTTP/0.9", " HTTP/1.2", " HTTP/2.0", " HTTP/1.10", " HTTP/11", " http/1.1", " HTTPS/1.1"):
            yield f"version: {version!r}", self.get(f"GET {HIDDEN_PATH}{version}")

    def _targets(self) -> Iterator[tuple[str, bytes]]:
        yield "no host", self.get(host=False)
        yield "two hosts", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", "Host: evil.example")
        yield "two equal hosts", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", f"Host: {self.host}")
        for host in ("", "evil.example", "a b", f"evil@{self.host}", f"{self.host}/x", "127.0.0.1:x", "127.0.0.1,evil"):
            yield f"host: {host!r}", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", f"Host: {host}", host=False)
        yield "another authority", self.get(f"GET http://evil.example{HIDDEN_PATH} HTTP/1.1")
        yield "user in the authority", self.get(f"GET http://evil@{self.host}{HIDDEN_PATH} HTTP/1.1")
        yield "other scheme", self.get("GET file:///etc/passwd HTTP/1.1")
        yield "no path", self.get(f"GET {HIDDEN_PATH[1:]} HTTP/1.1")
        yield "asterisk", self.get("GET * HTTP/1.1")
        yield "tunnel", self.get("CONNECT 127.0.0.1:22 HTTP/1.1") + self.hidden
        yield "control character in the target", self.get(f"GET {HIDDEN_PATH}\x01 HTTP/1.1")
        yield "non-ASCII target", self.get(f"GET {HIDDEN_PATH}\xff HTTP/1.1")

    def _sizes(self) -> Iterator[tuple[str, bytes]]:
        yield "header of 1 MB", self.post("X-Note: " + "a" * (1 << 20), self.length, body=self.record)
        yield "header's name of 100 KB", self.post("X" * 100_000 + ": a", self.length, body=self.record)
        yield "20,000 headers", self.post(*["X: y"] * 20_000, self.length, body=self.record)
        yield "101 headers", self.post(*["X: y"] * 101, self.length, body=self.record)
        yield "target of 100 KB", self.get(f"GET {HIDDEN_PATH}?{'a' * 100_000} HTTP/1.1")
        trailers = b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"
        yield "20,000 trailers", self.post("Transfer-Encoding: chunked", body=self.chunked(end=trailers))
        flood = b"X: " + b"y" * (2 << 20) + b"\r\n\r\n"
        yield "trailer of 2 MB", self.post("Transfer-Encoding: chunked", body=self.chunked(end=b"0\r\n" + flood))

    def once(self) -> Iterator[tuple[str, bytes]]:
        """Unusual and clear: one request, one answer with 200, whatever follows it."""
        record, hidden, closing = self.record, self.hidden, "Connection: close"
        chunks, size = "Transfer-Encoding: chunked", f"{len(self.record):x}"
        yield "plain", self.post(self.length, closing, body=record)
        yield "more than announced, then closed", self.post(self.length, closing, body=record + hidden)
        yield "closed by the client's wish", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", closing) + hidden
        yield "in one chunk", self.post(chunks, closing, body=self.chunked() + hidden)
        yield "coding in upper case", self.post(chunks.upper(), closing, body=self.chunked())
        yield "size in upper case, with zeros", self.post(chunks, closing, body=self.chunked(f"0000{size.upper()}"))
        yield "chunk with extension", self.post(chunks, closing, body=self.chunked(f'{size};a=b;c="d"'))
        single = b"".join(b"1\r\n" + record[place : place + 1] + b"\r\n" for place in range(len(record)))
        yield "in chunks of one byte", self.post(chunks, closing, body=single + b"0\r\n\r\n")
        trailer = b"0\r\nX-Note: a\r\n\r\n"
        yield "with a trailer", self.post(chunks, closing, body=self.chunked(end=trailer))
        yield (
            "header named with an underscore",
            self.post(self.length, closing, "Transfer_Encoding: chunked", body=record),
        )
        yield "length with zeros", self.post(self.length.replace(": ", ": 000"), closing, body=record)
        yield (
            "body of a GET",
            self.get(f"GET {HIDDEN_PATH} HTTP/1.1", closing, f"Content-Length: {len(hidden)}") + hidden,
        )
        yield "the same authority", self.get(f"GET http://{self.host}{HIDDEN_PATH} HTTP/1.1", closing)
        yield "empty lines first", b"\r\n\r\n" + self.get(f"GET {HIDDEN_PATH} HTTP/1.1", closing)
        yield "two spaces in the first line", self.get(f"GET  {HIDDEN_PATH} HTTP/1.1", closing)
        upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA==")
        yield "upgrade that is not spoken", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", *upgrade) + hidden
        yield "1.0", self.get(f"GET {HIDDEN_PATH} HTTP/1.0") + hidden
        yield "1.0 without a host", self.get(f"GET {HIDDEN_PATH} HTTP/1.0", host=False)
        yield "method overridden", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", closing, "X-HTTP-Method-Override: DELETE")
        yield "path overridden", self.get(f"GET {HIDDEN_PATH} HTTP/1.1", closing, "X-Original-URL: /metrics")
