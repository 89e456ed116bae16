"""What stands where sockets and TLS would be: connections that carry HTTP requests.

There are no sockets here. An HTTP library writes a request into a connection and reads a response from it, so this takes
the bytes of the request, hands them to the host as one request, and gives back what the host answers, as the bytes of a
response. The host decides about each by the policy, makes the connection, and checks the certificate; nothing here can
switch that off. http.client, urllib, urllib3, requests, httpcore and httpx work on top of it unchanged.
"""
import base64
import enum
import io
import json
import re
import sys
import types

import _host

REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\Z")
# Bytes that are asked for at a time.
CHUNK = 1 << 20


def ask(what, value):
    """One request through the door, and its answer."""
    answer = json.loads(_host.call(json.dumps({what: value}).encode()))
    error = answer.get("error")
    if error is None:
        return answer.get("ok")
    kind, message = error.get("kind"), error.get("message")
    if kind == "denied":
        raise PermissionError(13, message)
    raise KINDS.get(kind, RuntimeError)(message)


def tell(what, value):
    """What the host takes without an answer."""
    _host.call(b"!" + json.dumps({what: value}).encode())


KINDS = {"timeout": TimeoutError, "unreachable": ConnectionError, "limit": OSError, "malformed": OSError}


class Reply(io.RawIOBase):
    """The bytes of a response: its head, made here, and its body as the host gives it."""

    def __init__(self, answer):
        self.id = answer["id"]
        lines = [f"HTTP/1.1 {answer['status']} {answer['reason']}"]
        lines += [f"{name}: {value}" for name, value in answer["headers"]]
        # Each request has a connection of its own; the host keeps real ones.
        lines += ["connection: close", "", ""]
        self.rest = "\r\n".join(lines).encode("latin-1", "replace")

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.rest and self.id is not None:
            self.rest = base64.b64decode(ask("read", {"id": self.id, "size": max(len(buffer), CHUNK)}))
            if not self.rest:
                self.id = None
        size = min(len(buffer), len(self.rest))
        buffer[:size] = self.rest[:size]
        self.rest = self.rest[size:]
        return size

    def close(self):
        if not self.closed and self.id is not None:
            number, self.id = self.id, None
            ask("close", {"id": number})
        super().close()


def complete(request):
    """Method, target, headers and body of the request that these bytes are; none while something is missing."""
    head, end, body = bytes(request).partition(b"\r\n\r\n")
    if not end:
        return None
    line, *fields = head.split(b"\r\n")
    found = REQUEST_LINE.match(line)
    if not found:
        raise ValueError("not a request")
    headers = []
    for field in fields:
        name, _, value = field.partition(b":")
        headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    lower = {name.lower(): value for name, value in headers}
    if "chunked" in lower.get("transfer-encoding", "").lower():
        body = unchunk(body)
        if body is None:
            return None
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    elif len(body) < int(lower.get("content-length", 0)):
        return None
    return found[1].decode(), found[2].decode("latin-1"), headers, body


def unchunk(body):
    """A body in chunks (RFC 9112, 7.1), put together; none while its end is missing."""
    parts = []
    while True:
        size, end, rest = body.partition(b"\r\n")
        if not end:
            return None
        size = int(size.split(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        if len(rest) < size + 2:
            return None
        parts.append(rest[:size])
        body = rest[size + 2:]


class Socket:
    """A connection to a host and a port that carries HTTP requests, with the methods of a socket."""

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self.family = family if family != -1 else _socket.AF_INET
        self.type = type if type != -1 else _socket.SOCK_STREAM
        self.proto = 0 if proto == -1 else proto
        self._timeout = None
        self._peer = None
        self._scheme = "http"
        self._written = bytearray()
        self._reply = None
        self._closed = False

    # ---- the way to the host

    def connect(self, address):
        host, port = address[:2] if isinstance(address, tuple) and len(address) >= 2 else (address, 0)
        if self.type & 0xF != _socket.SOCK_STREAM or not port:
            refuse(host, port)
        self._peer = (str(host), int(port))

    def connect_ex(self, address):
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or 111
        return 0

    def sendall(self, data, flags=0):
        if self._peer is None:
            raise OSError(57, "Socket is not connected")
        self._written += memoryview(data).cast("B")
        line, end, _ = bytes(self._written[:8192]).partition(b"\r\n")
        if (end or len(line) >= 8192) and not REQUEST_LINE.match(line):
            # Whatever this is, it is no request.
            refuse(*self._peer)

    def send(self, data, flags=0):
        self.sendall(data)
        return memoryview(data).nbytes

    def sendmsg(self, buffers, ancdata=(), flags=0, address=None):
        return sum(self.send(each) for each in buffers)

    def sendfile(self, file, offset=0, count=None):
        file.seek(offset)
        return self.send(file.read() if count is None else file.read(count))

    def _answer(self):
        if self._reply is None:
            try:
                request = complete(self._written)
            except ValueError:
                refuse(*(self._peer or ("", 0)))
            if request is None:
                if not self._written:
                    raise TimeoutError("timed out: nothing was asked for")
                raise ConnectionError("the request is not complete, so there is no response")
            method, target, headers, body = request
            host, port = self._peer
            place = f"[{host}]" if ":" in host else host
            self._written.clear()
            self._reply = Reply(ask("request", {
                "method": method,
                "url": f"{self._scheme}://{place}:{port}{target}",
                "headers": headers,
                "body": base64.b64encode(body).decode(),
            }))
        return self._reply

    def recv(self, size, flags=0):
        buffer = bytearray(size)
        return bytes(buffer[:self.recv_into(buffer)])

    def recv_into(self, buffer, nbytes=0, flags=0):
        view = memoryview(buffer).cast("B")
        return self._answer().readinto(view[:nbytes] if nbytes else view)

    read = recv
    write = send

    def makefile(self, mode="r", buffering=None, *, encoding=None, errors=None, newline=None):
        raw = Lazy(self)
        if "b" not in mode:
            return io.TextIOWrapper(io.BufferedReader(raw), encoding, errors, newline)
        if "w" in mode:
            return io.BufferedWriter(raw)
        return raw if buffering == 0 else io.BufferedReader(raw)

    # ---- what a library asks of a socket besides

    def settimeout(self, value):
        self._timeout = value

    def gettimeout(self):
        return self._timeout

    timeout = property(gettimeout)

    def setblocking(self, flag):
        self._timeout = None if flag else 0.0

    def getblocking(self):
        return self._timeout != 0.0

    def setsockopt(self, *_):
        pass

    def getsockopt(self, *_):
        return 0

    def getpeername(self):
        if self._peer is None:
            raise OSError(57, "Socket is not connected")
        return self._peer

    def getsockname(self):
        return ("0.0.0.0", 0)

    def fileno(self):
        return -1

    def shutdown(self, how):
        pass

    def close(self):
        # A response that is being read outlives the connection that it came over, as with real ones.
        self._closed = True

    def detach(self):
        self._closed = True
        return -1

    def bind(self, address):
        if address and address[-1]:
            refuse(*address[:2])

    def listen(self, *_):
        refuse("listen", 0)

    def accept(self):
        refuse("accept", 0)

    def sendto(self, data, *rest):
        refuse(*rest[-1][:2])

    def recvfrom(self, *_):
        refuse("recvfrom", 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- what one asks of a TLS connection

    def do_handshake(self, block=False):
        pass

    def getpeercert(self, binary_form=False):
        # The host has checked it, for this name.
        name = getattr(self, "server_hostname", None) or self._peer[0]
        return b"" if binary_form else {"subject": (), "subjectAltName": (("DNS", name),)}

    def version(self):
        return "TLSv1.3"

    def cipher(self):
        return ("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128)

    def selected_alpn_protocol(self):
        return None

    selected_npn_protocol = compression = selected_alpn_protocol
    _sslobj = property(lambda self: self)

    def pending(self):
        return 0

    def unwrap(self):
        return self


class Lazy(io.RawIOBase):
    """A file on a connection: its first reading sends the request."""

    def __init__(self, socket):
        self.socket = socket

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        return self.socket._answer().readinto(buffer)

    def write(self, data):
        return self.socket.send(data)

    def close(self):
        if not self.closed and self.socket._reply is not None:
            self.socket._reply.close()
        super().close()


class TlsSocket(Socket):
    """The same over TLS, which the host speaks."""


def refuse(host, port):
    # The answer is the denial, which this raises.
    ask("connect", {"host": str(host), "port": str(port)})


# ---- the module `ssl`, for libraries that will not load without it


class Version(enum.IntEnum):
    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class Verify(enum.IntEnum):
    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class SslError(OSError):
    """The base of what can go wrong with TLS. The host's own errors come as ConnectionError."""

    reason = library = None


class Context:
    """Settings for TLS that the host keeps to in any case: it verifies, and nothing here changes that."""

    def __init__(self, protocol=16, *_, **__):
        self.protocol = protocol
        self.check_hostname = True
        self.hostname_checks_common_name = False
        self.verify_mode = Verify.CERT_REQUIRED
        self.verify_flags = self.options = 0
        self.minimum_version, self.maximum_version = Version.TLSv1_2, Version.TLSv1_3
        self.post_handshake_auth = False
        self.keylog_filename = None
        self.sni_callback = None

    def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True, suppress_ragged_eofs=True,
                    server_hostname=None, session=None):
        if server_side:
            refuse("listen", 0)
        tls = TlsSocket.__new__(TlsSocket)
        tls.__dict__.update(sock.__dict__)
        tls._scheme = "https"
        tls.context, tls.server_hostname, tls.server_side, tls.session = self, server_hostname, False, None
        return tls

    def wrap_bio(self, *_, **__):
        raise SslError("TLS over something that is not a connection is not available here")

    def load_cert_chain(self, *_, **__):
        raise SslError("client certificates cannot be used here: the host makes the connection")

    def nothing(self, *_, **__):
        return None

    load_default_certs = load_verify_locations = set_default_verify_paths = nothing
    set_ciphers = set_alpn_protocols = set_npn_protocols = set_ecdh_curve = load_dh_params = nothing

    def get_ca_certs(self, binary_form=False):
        return []

    def get_ciphers(self):
        return []

    def cert_store_stats(self):
        return {"x509": 0, "crl": 0, "x509_ca": 0}


def tls_module():
    module = types.ModuleType("ssl", "TLS as the host speaks it: there is nothing to set, and nothing to switch off.")
    names = {
        "SSLContext": Context, "SSLSocket": TlsSocket, "TLSVersion": Version, "VerifyMode": Verify, "SSLError": SslError,
        "CERT_NONE": Verify.CERT_NONE, "CERT_OPTIONAL": Verify.CERT_OPTIONAL, "CERT_REQUIRED": Verify.CERT_REQUIRED,
        "PROTOCOL_SSLv23": 2, "PROTOCOL_TLS": 2, "PROTOCOL_TLS_CLIENT": 16, "PROTOCOL_TLS_SERVER": 17,
        "OPENSSL_VERSION": "OpenSSL 3.0.0 (none: the host speaks TLS)", "OPENSSL_VERSION_NUMBER": 0x30000000,
        "OPENSSL_VERSION_INFO": (3, 0, 0, 0, 0), "HAS_SNI": True, "HAS_ALPN": True, "HAS_TLSv1_3": True, "HAS_TLSv1_2": True,
        "HAS_NPN": False, "HAS_ECDH": True, "HAS_NEVER_CHECK_COMMON_NAME": True, "HAS_PSK": False,
        "SSL_ERROR_WANT_READ": 2, "SSL_ERROR_WANT_WRITE": 3, "SSL_ERROR_EOF": 8, "SSL_ERROR_SYSCALL": 5,
        "SSL_ERROR_SSL": 1, "CHANNEL_BINDING_TYPES": [], "socket_error": OSError,
    }
    for name in ("SSLCertVerificationError", "SSLZeroReturnError", "SSLWantReadError", "SSLWantWriteError",
                 "SSLSyscallError", "SSLEOFError"):
        names[name] = type(name, (SslError, ValueError) if name == "SSLCertVerificationError" else (SslError,), {})
    names["CertificateError"] = names["SSLCertVerificationError"]
    SslError.__name__ = SslError.__qualname__ = "SSLError"
    for name in ("SSLObject", "MemoryBIO", "SSLSession", "Options"):
        names[name] = type(name, (), {})
    names["Purpose"] = enum.Enum("Purpose", ["SERVER_AUTH", "CLIENT_AUTH"])

    def create_default_context(*_, **__):
        return Context()

    names["create_default_context"] = names["_create_default_https_context"] = create_default_context
    names["_create_unverified_context"] = names["_create_stdlib_context"] = create_default_context
    names["get_default_verify_paths"] = lambda: types.SimpleNamespace(
        cafile=None, capath=None, openssl_cafile_env="SSL_CERT_FILE", openssl_cafile="",
        openssl_capath_env="SSL_CERT_DIR", openssl_capath="")
    names["match_hostname"] = lambda *_: None
    module.__dict__.update(names)

    def flag(name):
        # Options and alerts are numbers that mean nothing here.
        if name.startswith(("OP_", "VERIFY_", "ALERT_")):
            return 0
        raise AttributeError(f"module 'ssl' has no attribute {name!r}")

    module.__getattr__ = flag
    return module


def install():
    """Puts these in the place of sockets and TLS."""
    global _socket
    # Some libraries ask for the one behind it.
    sys.modules["ssl"] = sys.modules["_ssl"] = tls_module()
    import socket as _socket

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        # The host looks names up, when a request is sent.
        number = int(port) if str(port or 0).isdigit() else {"http": 80, "https": 443}.get(port, 0)
        name = host.decode() if isinstance(host, bytes) else host
        return [(_socket.AF_INET, _socket.SOCK_STREAM, 6, "", (name, number))]

    _socket.socket = _socket.SocketType = Socket
    _socket.getaddrinfo = getaddrinfo
    _socket.gethostbyname = _socket.gethostbyname_ex = lambda host: refuse(host, 0)
    _socket.gethostname = lambda: "sandbox"
    _socket.getfqdn = lambda name="": name or "sandbox"
    _socket.socketpair = lambda *_, **__: refuse("socketpair", 0)
    _socket.has_ipv6 = False
